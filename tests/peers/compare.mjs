// What other projects make of a value, against what this one makes of it. `run` installs and calls it.
//
// suites.json holds inputs of the kinds that other projects' test suites try, with what those expect. More inputs are
// generated here and checked by the other projects' own code. Every difference has a reason; a reason that explains no
// difference is an error, too.

import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { argv, exit } from 'node:process';

const [, , tool, packages] = argv;
const require = createRequire(`${packages}/`);
const qs = require('qs');
const validator = require('validator');

/** What ours makes of each [kind, text]: a value, '' for not given, undefined for refused. */
function ours(inputs) {
  const input = inputs.map((pair) => JSON.stringify(pair)).join('\n');
  const { status, stdout, stderr } = spawnSync(tool, { input, encoding: 'utf8', maxBuffer: 1 << 28 });
  if (status !== 0) throw new Error(stderr);
  const lines = stdout.trimEnd().split('\n').map((line) => JSON.parse(line));
  return lines.map((value) => value ?? '');
}

const isRefused = (value) => value?.fault !== undefined;
const problems = [];

function report(name, count, differences) {
  const found = [...differences].map(([why, inputs]) => `  ${String(inputs).padStart(6)}  ${why}`);
  console.log([`${name}: ${count} inputs, ${differences.size} reasons for a difference`, ...found].join('\n'));
}

// The inputs of the suites.
const suites = JSON.parse(readFileSync(new URL('suites.json', import.meta.url), 'utf8'));
for (const { suite, kind, cases } of suites) {
  const verdicts = ours(cases.map(({ text }) => [kind, text]));
  const differences = new Map();
  cases.forEach((one, at) => {
    const verdict = isRefused(verdicts[at]) ? null : verdicts[at];
    const expected = 'both' in one ? one.both : one.ours;
    if (JSON.stringify(verdict) !== JSON.stringify(expected)) {
      problems.push(`${suite}, ${kind}, ${JSON.stringify(one.text)}: expected ${JSON.stringify(expected)}, got ${JSON.stringify(verdicts[at])}`);
    }
    if ('why' in one) {
      const why = one.why === 'The same.' ? [...differences.keys()].at(-1) : one.why;
      differences.set(why, (differences.get(why) ?? 0) + 1);
      if (JSON.stringify(one.theirs) === JSON.stringify(one.ours)) problems.push(`${suite}, ${one.text}: no difference`);
    }
  });
  report(`${suite}, ${kind}`, cases.length, differences);
}

/** A generator that repeats itself, so that a difference found once is found again. */
function random(seed) {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** Texts put together from one of each list of parts; the first of a list is the usual one. */
function* texts(seed, count, ...lists) {
  const next = random(seed);
  const one = (list) => (next() < 0.6 ? list[0] : list[Math.floor(next() * list.length)]);
  for (let made = 0; made < count; made += 1) yield lists.map(one).join('');
}

/** Compares verdicts on inputs; every difference must have a reason that applies to the text. */
function compare(name, kind, inputs, theirs, reasons) {
  const unique = [...new Set(inputs)];
  const verdicts = ours(unique.map((text) => [kind, text]));
  const differences = new Map();
  unique.forEach((text, at) => {
    const [our, their] = [verdicts[at], theirs(text, verdicts[at])];
    if (their === undefined) return;
    const [oursTakes, theirsTakes] = [!isRefused(our) && our !== '', their];
    if (oursTakes === theirsTakes) return;
    const reason = reasons.find(({ takes, applies }) => takes === (oursTakes ? 'ours' : 'theirs') && applies(text));
    if (reason) differences.set(reason.why, (differences.get(reason.why) ?? 0) + 1);
    else problems.push(`${name}: only ${oursTakes ? 'ours' : 'theirs'} takes ${JSON.stringify(text)}: ${JSON.stringify(our)}`);
  });
  for (const { why } of reasons.filter(({ why }) => !differences.has(why))) {
    problems.push(`${name}: no input differs any more, because: ${why}`);
  }
  report(name, unique.length, differences);
}

const domain = (text) => text.slice(text.lastIndexOf('@') + 1).trim();
const local = (text) => text.slice(0, text.lastIndexOf('@')).trim();
const FORMAT = /\p{Cf}/u;

const emails = texts(
  1,
  20_000,
  ['', '', ' ', '\ufeff', '<', '"', '\u201c', 'mailto:'],
  ['jordan', 'j', 'Jordan.Lee', 'jordan+quote', "o'neil", 'a..b', '.a', 'a.', '"a b"', '"a\\@b"', 'a b', 'a,b', 'josé', '用户', 'jose\u0301', '🎸', 'a'.repeat(64), 'a'.repeat(65), 'é'.repeat(40), 'a|b', 'a\u200bb', 'a\ufffdb', 'a\u00a0b', '#!$%&*/=?^`{}~', ''],
  ['@', '@', '@', '@@', '', ' @ ', '＠'],
  ['example', 'mail.example', 'ex-ample', '-example', 'example-', 'ex_ample', '3com', 'bücher', 'xn--bcher-kva', 'xn--', 'ｅｘａｍｐｌｅ', 'डाटामेल', 'ex–ample', 'i♥ny', '🎸', 'ex ample', 'ex\u00adample', 'exam™ple', 'exam²ple', 'b'.repeat(63), 'b'.repeat(64), '127.0.0', '[127.0.0', ''],
  ['.', '.', '..', '。', ''],
  ['com', 'co.uk', 'c', 'COM', '1', 'c0m', 'भारत', '广告', 'xn--p1ai', 'com.', 'co m', 'com\u201d', 'com©', '1]', 'com>', 'com:25', ''],
);
compare('validator, isEmail', 'email', emails, (text) => validator.isEmail(text.trim()), [
  { takes: 'theirs', why: 'No quoted local part: no mailbox of a person has one, and it can hide anything.', applies: (text) => local(text).includes('"') },
  { takes: 'theirs', why: 'A domain holds letters, marks, digits and hyphens, and no symbols, dashes or quotes.', applies: (text) => /[^\p{Ll}\p{Lu}\p{Lo}\p{Lm}\p{Mn}\p{Mc}\p{Nd}.-]/u.test(domain(text)) },
  { takes: 'ours', why: 'Invisible format characters are dropped: they come along when an address is copied.', applies: (text) => FORMAT.test(text) },
  { takes: 'ours', why: 'A top-level domain is any label that makes no IP address of the whole.', applies: (text) => !/^(\p{L}|\p{M}){2,}$|^xn--/iu.test(domain(text).split(/[.。]/).at(-1)) },
  { takes: 'ours', why: 'Full-width letters and full stops in a domain are what they look like.', applies: (text) => /[\uff01-\uff5e。]/.test(domain(text)) },
  { takes: 'ours', why: 'A local part may be in any script, with its marks and emoji, and 64 counts characters.', applies: (text) => /[^\x00-\x7f]/.test(local(text)) },
]);

const urls = texts(
  2,
  20_000,
  ['https', 'http', 'HTTPS', 'ftp', 'javascript', ''],
  ['://', ':', ':/', ':///', ':\\\\', '//', '://\\'],
  ['', '', '', '@', ':@', 'user@', 'user:pass@', 'elsewhere.example\\@', 'elsewhere.example#@', 'a b@'],
  ['cert.trustedform.com', 'trustedform.com', 'CERT.TrustedForm.COM', 'cert.trustedform.com.', '.trustedform.com', 'a..trustedform.com', 'cert.trustedform%2ecom', 'cert.trustedform。com', 'ｃｅｒｔ.trustedform.com', 'cert.trusted\u00adform.com', 'eviltrustedform.com', 'trustedform.com.elsewhere.example', 'cert trustedform.com', 'cert%00.trustedform.com', 'xn--a.trustedform.com', '[::1]', '127.1', '0x7f.1', '1.2.3.4.5', ''],
  ['', '', '', ':443', ':80', ':', ':99999', ':x', ':8443'],
  ['/id', '/', '', '/a/id', '//id', '/../id', '/id/..', '/%2e%2e', '/id\\x', '/i d', '/i\td', '/id|x', '/id;x', '/id"', '/é', '/id/'],
  ['', '?a=b', '#a', '?a=%zz', '?a b', '?\\', '#a#b', '?é'],
);
const parsed = (text) => {
  try {
    return new URL(text); // Node 20's URL.canParse is wrong about Latin-1 once it is optimized
  } catch {
    return undefined;
  }
};
const isRefusedByRule = (text) => /[\s"'<>;|\u2018-\u201f]/.test(text) || !/^https?:$/.test(parsed(text)?.protocol);
compare('WHATWG URL as Node has it', 'certificate', urls, (text, our) => {
  const url = parsed(text);
  if (!isRefused(our)) {
    const agrees = url && /^(.+\.)?trustedform\.com$/.test(url.hostname) && `https://cert.trustedform.com${url.pathname.replace(/\/+$/, '')}` === our;
    if (!agrees || url.username || url.password || url.port) problems.push(`Node reads ${JSON.stringify(text)} as ${url}`);
  } else if ((our.fault === 'trusted_form.invalid_url') !== isRefusedByRule(text)) {
    problems.push(`${JSON.stringify(text)} is ${our.fault}, and Node says ${url}`);
  }
  return undefined;
}, []);

const phones = texts(
  3,
  20_000,
  ['', '', '+', '+1', '1', '+1-', '1 ', '001', '+44', 'tel: ', '(cell) '],
  ['512', '(512)', '212', '800', '112', '12', '512 ', '(512) '],
  ['', '-', ' ', '.', '/'],
  ['555', '255', '155', '055', '5555'],
  ['', '-', ' ', '.', ' - '],
  ['0123', '0000', '01234', '012', 'CELL', 'XXXX', '____', 'O123'],
  ['', '', '', ' x9', ' ext. 12', '#9', 'm', ' (cell)', ' or 512-555-0124', '\u200b'],
);
compare('validator, isMobilePhone en-US', 'phone', phones, (text) => validator.isMobilePhone(text, 'en-US'), [
  { takes: 'ours', why: 'An extension, a remark after the number and a label before it are read.', applies: (text) => /x9|ext|#9|m$|\(cell\)|tel:/.test(text) },
  { takes: 'ours', why: 'A number of the 1-800-FLOWERS kind is spelled on the keypad.', applies: (text) => /CELL$/.test(text.trim()) },
  { takes: 'ours', why: 'Possible, not valid: an exchange may begin with 0 or 1, and the area code need not be assigned.', applies: (text) => /\D*1?\D*\d{3}\D*[01]\d\d/.test(text) },
  { takes: 'ours', why: 'Any separators, and invisible characters, are no part of the number.', applies: (text) => /[./\u200b]| - |[ -]{2}|\) |^00|^\+1|^\+\d{3}/.test(text) || /^1?\(/.test(text) },
]);

// Forms: what a name means, and what its value is. Every input has known names only, spelled as documented.
const isBlank = (text) => /^[\p{White_Space}\p{Cf}]*$/u.test(text);
const trimmed = (text) => text.replace(/^\p{White_Space}+|\p{White_Space}+$/gu, '');
const MEMBERS = { firstName: 'contact.firstName', lastName: 'contact.lastName', city: 'contact.streetAddress.city' };
const sorted = (_, value) => (value?.constructor === Object ? Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)) : value);
/** As text, in which the order of members does not count, nor by which path a member was sent that cannot be read. */
const canonical = (form) => JSON.stringify(form, sorted).replace(/"\/(contact\/)?streetAddress\/city"/, '"/city"');

/** Compares what a form gives. `theirs` returns the same shape as ours. */
function compareForms(name, inputs, theirs, reasons) {
  const unique = [...new Set(inputs)];
  const differences = new Map();
  ours(unique.map((text) => ['form', text])).forEach((our, at) => {
    const text = unique[at];
    if (canonical(our) === canonical(theirs(text))) return;
    const reason = reasons.find(({ applies }) => applies(text));
    if (reason) differences.set(reason.why, (differences.get(reason.why) ?? 0) + 1);
    else problems.push(`${name}: ${JSON.stringify(text)} is ${JSON.stringify(our)}, and theirs ${JSON.stringify(theirs(text))}`);
  });
  for (const { why } of reasons.filter(({ why }) => !differences.has(why))) {
    problems.push(`${name}: no input differs any more, because: ${why}`);
  }
  report(name, unique.length, differences);
}

/** What a member gives that was sent with these texts. */
function scalar(texts, pointer) {
  const given = [...new Set(texts.filter((text) => !isBlank(text)).map(trimmed))];
  if (given.length === 0) return {};
  return given.length === 1 ? { value: given[0] } : { pointer, value: { fault: 'payload.duplicate' } };
}

const PAIR = [
  ['firstName', 'lastName', 'city', '%66irstName', 'last%4eame', 'c%69ty'],
  ['=', '=', '==', ''],
  ['Alex', 'a+b', 'a%20b', 'a%2Bb', '%C3%A9', 'é', '†', '%', '%zz', '%2', '%%41', '%2%2a', 'a%26b', 'a%3Db', 'a=b', '+', '', 'a;b', 'a%00b', '%EF%BB%BFa', '%EF%BF%BF', '%E9', '%C3', '%FE%FF'],
  ['&', '&', '&&', '&&&', '&+&', '&%20=&'],
];
const forms = texts(4, 20_000, ['', '&'], ...PAIR, ...PAIR.slice(0, 3));
compareForms('WHATWG URLSearchParams as Node has it', forms, (text) => {
  const all = new URLSearchParams(text);
  const isUnrecognized = [...all].some(([name, value]) => !isBlank(name + value)) && !Object.keys(MEMBERS).some((name) => all.has(name));
  if (isUnrecognized) return { fault: 'payload.unrecognized' };
  return Object.fromEntries(Object.entries(MEMBERS).flatMap(([name, path]) => {
    const { pointer, value } = scalar(all.getAll(name), `/${name}`);
    return value === undefined ? [] : [[pointer ?? path, value]];
  }));
}, [
  { why: 'What is not UTF-8 is from a page in Windows-1252; theirs puts U+FFFD.', applies: (text) => /%E9|%C3(?!%A9)|%FE/.test(text) },
  { why: 'White space around a name is no part of it.', applies: (text) => /(ame|c%69ty|city)\+(&|=|$)/.test(text) },
]);

const NAMES = [
  'city', 'city[]', 'city[0]', 'city[1]', 'streetAddress[city]', 'contact[streetAddress][city]', 'contact.streetAddress.city', 'city[x]', 'city[', 'city]', 'city[][]', 'city[x][y]',
  'tagNames', 'tagNames[]', 'tagNames[0]', 'tagNames[7]', 'tagNames[x]',
  'sourceMetadata[a]', 'sourceMetadata.a', 'sourceMetadata[b c]', 'sourceMetadata[a][b]', 'sourceMetadata.a.b', 'sourceMetadata[a.b]', 'sourceMetadata[__proto__]', 'sourceMetadata[toString]',
];
const next = random(5);
const decorated = [...NAMES.map((name) => `${name}=x`)];
for (let made = 0; made < 3000; made += 1) {
  const first = NAMES[Math.floor(next() * NAMES.length)];
  const same = NAMES.filter((name) => /^\w+/.exec(name)[0] === /^\w+/.exec(first)[0]);
  const second = same[Math.floor(next() * same.length)];
  decorated.push(`${first}=x&${second}=${next() < 0.5 ? 'x' : 'y'}`);
}
compareForms('qs', decorated, (text) => {
  let parsed;
  try {
    parsed = qs.parse(text, { allowDots: true, allowPrototypes: true, arrayLimit: 20, strictDepth: false });
  } catch {
    return { fault: 'unbalanced' };
  }
  const flat = {};
  const address = parsed.contact?.streetAddress ?? {};
  const city = [parsed.city, parsed.streetAddress?.city, address.city].find((value) => value !== undefined);
  const list = (value) => (Array.isArray(value) ? value : [value]);
  if (city !== undefined) {
    const texts = list(city).flat();
    const isPlain = texts.every((one) => typeof one === 'string');
    const { pointer, value } = isPlain ? scalar(texts, '/city') : { pointer: '/city', value: { fault: 'payload.type' } };
    if (value !== undefined) flat[pointer ?? 'contact.streetAddress.city'] = value;
  }
  if (parsed.tagNames !== undefined) {
    const tags = list(parsed.tagNames).flat();
    const isPlain = tags.every((one) => typeof one === 'string');
    flat[isPlain ? 'tagNames' : '/tagNames'] = isPlain ? tags : { fault: 'payload.type' };
  }
  if (parsed.sourceMetadata !== undefined) {
    const entries = Object.entries(parsed.sourceMetadata);
    const isFlat = entries.every(([, value]) => list(value).every((one) => typeof one === 'string'));
    const repeated = entries.find(([, value]) => Array.isArray(value) && new Set(value).size > 1);
    if (!isFlat) flat['/sourceMetadata'] = { fault: 'payload.type' };
    else {
      flat['metadata.sourceMetadata'] = Object.fromEntries(entries.map(([key, value]) => [key, list(value)[0]]));
      if (repeated) flat[`/sourceMetadata/${repeated[0]}`] = { fault: 'payload.duplicate' };
    }
  }
  return flat;
}, [
  { why: 'Brackets that lead nowhere or do not close are refused: a known member is never dropped.', applies: (text) => /city\]|\[\]\[\]|\[(=|&)/.test(text) },
  { why: 'Everything after sourceMetadata. is the key, dots included.', applies: (text) => text.includes('sourceMetadata.a.b') },
  { why: 'Tags are a set, so no number in brackets orders them.', applies: (text) => /^tagNames\[7\]/.test(text) },
  { why: 'A map has no prototype here, so __proto__ is a key like any other.', applies: (text) => text.includes('__proto__') },
]);

if (problems.length > 0) {
  console.error(`\n${problems.length} differences without a reason:\n${problems.slice(0, 40).join('\n')}`);
  exit(1);
}
