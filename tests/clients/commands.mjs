// Runs what docs/api.md and the reference show: every curl command, the Python client, the server of the recipe, and bodies of the kind
// that the tools of the recipes send. `run` calls it.
//
//     commands.mjs API PYTHON    PYTHON finds the generated client

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { argv, env, execPath } from 'node:process';
import { createInterface } from 'node:readline';

const [, , api, python] = argv;
const page = readFileSync(new URL('../../docs/api.md', import.meta.url), 'utf8');
const blocks = (language) => [...page.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, 'gms'))].map(([, text]) => text);

const reference = readFileSync(new URL('../../docs/reference.html', import.meta.url), 'utf8');
const ENTITIES = { '&quot;': '"', '&lt;': '<', '&gt;': '>', '&amp;': '&' };
const shown = [...reference.matchAll(/<code>(curl .*?)<\/code>/gs)].map(([, text]) => text.replace(/&\w+;/g, (entity) => ENTITIES[entity]));
assert(shown.length > 0);
// The submission that one of them asks about.
const [, submission] = shown.join('\n').match(/-H '(Idempotency-Key: .*?)'/);
const keyed = `${shown.find((text) => text.startsWith('curl -i https://api.leadping.ai/leads \\'))} -H '${submission}'`;
const commands = [keyed, ...blocks('sh').filter((text) => text.startsWith('curl')), ...shown];
// A lead's id depends on its source's salt, so a shown id stands for that of the last lead.
let lead;
for (const command of commands) {
  const ours = command.replaceAll('https://api.leadping.ai', api).replace(/lead_[a-z2-7]{32}/g, (shown) => lead ?? shown);
  const { stdout } = spawnSync('bash', ['-euc', ours], { encoding: 'utf8' });
  assert.match(stdout, /^HTTP\/1.1 20[01] /, `${command}\n${stdout}`);
  lead = stdout.match(/^\{"id":"(lead_[a-z2-7]{32})"/m)?.[1] ?? lead;
}
console.log(`  ${commands.length} curl commands: accepted`);

const [example] = blocks('python');
const local = example.replace('https://api.leadping.ai', api).replace('lp_test_source_key', 'lp_source_key');
assert.notEqual(local, example);
const { stdout, stderr } = spawnSync(python, ['-c', local], { encoding: 'utf8' });
assert.match(stdout, /^lead_/, stderr);
console.log('  the Python example: accepted');

// The versions of the generators are those that are tried.
const pinned = readFileSync(new URL('requirements.txt', import.meta.url), 'utf8')
  + readFileSync(new URL('../node/package.json', import.meta.url), 'utf8').replaceAll('": "', '@');
const named = [...page.matchAll(/(?<= )(@?[\w/-]+(?:==|@)\d+\.\d+\.\d+)/g)].map(([, name]) => name);
assert.equal(named.length, 4);
for (const name of named) assert(pinned.includes(name), `${name} is not the version that is tried`);

const certificate = 'https://cert.trustedform.com/tools';
const tools = [
  // The webhooks of form plug-ins: every field, by the name it was given, as text.
  ['/leads/intake', { externalId: '4711', firstName: 'Jordan', lastName: '', email: 'jordan@example.com', phone: '(512) 555-0123', zip: '78701', isHomeowner: 'Yes', trustedFormCertUrl: certificate }],
  ['/leads/intake', new URLSearchParams({ 'first-name': 'Jordan', email: 'jordan@example.com', phone: '(___) ___-____', 'contact[state]': 'Texas', xxTrustedFormCertUrl: certificate, form_id: '12' })],
  // Zapier, with Unflatten and without.
  ['/leads', { contact: { firstName: 'Jordan', phone: { number: '5125550123' } }, metadata: { externalId: 'zap-1', trustedFormUrl: certificate, price: '18.50' }, customer: { gender: 'male' } }],
  ['/leads/intake', { first_name: 'Jordan', email: 'jordan@example.com', externalId: 'zap-2', trustedFormUrl: certificate, price: '18.50', tagNames: ['a'] }],
];
for (const [path, body] of tools) {
  const form = body instanceof URLSearchParams;
  const headers = { 'X-Leadping-Source-Id': 'source_123', 'X-Leadping-Source-Key': 'lp_source_key', ...(form ? {} : { 'Content-Type': 'application/json' }) };
  const answer = await fetch(`${api}${path}`, { method: 'POST', headers, body: form ? body : JSON.stringify(body) });
  assert.equal(answer.status, 201, `${path} ${await answer.text()}`);
}
console.log(`  ${tools.length} bodies of tools: accepted`);

// Any port that was free a moment ago.
const port = await new Promise((resolve) => {
  const server = createServer().listen(0, '127.0.0.1', () => {
    const { port } = server.address();
    server.close(() => resolve(port));
  });
});
const directory = mkdtempSync(join(tmpdir(), 'recipe-'));
const [recipe] = blocks('js');
writeFileSync(join(directory, 'form.mjs'), recipe);
const server = spawn(execPath, [join(directory, 'form.mjs')], {
  env: { ...env, PORT: port, LEADPING_URL: api, LEADPING_SOURCE_ID: 'source_123', LEADPING_SOURCE_KEY: 'lp_source_key' },
  stdio: ['ignore', 'pipe', 'inherit'],
});
const lines = createInterface({ input: server.stdout })[Symbol.asyncIterator]();
try {
  const submit = async (form) => {
    const request = { method: 'POST', body: new URLSearchParams(form), redirect: 'manual' };
    let answer;
    while (!(answer = await fetch(`http://127.0.0.1:${port}/`, request).catch(() => undefined))) {
      assert.equal(server.exitCode, null, 'the server of the recipe has stopped');
    }
    assert.equal(answer.status, 303);
    return (await lines.next()).value;
  };
  const typed = { first_name: 'Jordan', last_name: '', email: 'jordan@example.com', phone: '(___) ___-____', state: 'TX', zip: '78701' };
  const accepted = await submit({ ...typed, xxTrustedFormCertUrl: 'https://cert.trustedform.com/recipe' });
  assert.match(accepted, /^201 .* lead_/);
  console.log('  the server of the recipe: 201');
  const refused = await submit({ ...typed, email: 'jordan' });
  assert.match(refused, /^400 /);
  console.log('  the server of the recipe, with mistakes: 400');
} finally {
  server.kill();
  rmSync(directory, { recursive: true });
}
