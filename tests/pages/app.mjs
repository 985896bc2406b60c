// Uses the inbox page in Chromium: `run` starts the stack that serves it.
//
//     app.mjs URL [DIRECTORY]    with a directory, it also writes screenshots

import assert from 'node:assert/strict';
import { mkdirSync, readFileSync } from 'node:fs';
import { argv, exit } from 'node:process';
import { axe, launch, overflow } from '../node/browser.mjs';
import { lead, SOURCES, standIn } from './stand_in.mjs';

const [, , base, shots] = argv;
const browser = await launch();
const WIDE = { width: 1280, height: 860 };
const NARROW = { width: 360, height: 760 };

/** Opens the page in a tab of its own. With a world, the stand-in answers; without, the stack does. */
async function visit(complaints, { world, path = '/app', signedIn = true, ...options } = {}) {
  const context = await browser.newContext({ viewport: WIDE, permissions: ['clipboard-read', 'clipboard-write'], ...options });
  const page = await context.newPage();
  // Chromium itself reports an answer above 399, whatever the page does about it.
  const isFault = (text) => world?.fault && text.startsWith('Failed to load resource');
  page.on('console', (message) => isFault(message.text()) || complaints.push(`console: ${message.text()}`));
  page.on('pageerror', (error) => complaints.push(`error: ${error.message}`));
  if (world) await standIn(page, world);
  await page.goto(base + path);
  if (signedIn) {
    await page.getByRole('button', { name: 'Continue as demo user' }).click();
    await page.getByRole('heading', { name: 'Inbox', level: 1 }).waitFor();
  }
  return page;
}

const many = (count) => Array.from({ length: count }, (_, n) => lead(n));
const rows = (page) => page.locator('tbody').getByRole('row');
const more = (page) => page.getByRole('button', { name: 'Show more' });
/** Whether the page seems to be in sight. */
const show = (page, state) => page.evaluate((state) => {
  Object.defineProperty(document, 'visibilityState', { value: state, configurable: true });
  document.dispatchEvent(new Event('visibilitychange'));
}, state);
/** Puts leads before the others, as if they had just come in. */
const arrive = (world, count) => {
  for (let n = 0; n < count; n++) world.leads.unshift(lead(0, { id: `lead_new${world.leads.length}` }));
};
const heading = (page, name) => page.getByRole('heading', { name, exact: true });

/** Waits until a condition holds. */
async function until(what, condition) {
  const end = Date.now() + 20_000;
  while (!(await condition())) {
    assert.ok(Date.now() < end, `in 20 s: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function post(body) {
  const headers = { 'content-type': 'application/json', 'x-leadping-source-id': 'source_123', 'x-leadping-source-key': 'lp_source_key' };
  const answer = await fetch(`${base}/leads`, { method: 'POST', headers, body: JSON.stringify(body) });
  const text = await answer.text();
  assert.equal(answer.status, 201, text);
  return JSON.parse(text);
}

const structured = (changes) => ({
  metadata: { externalId: crypto.randomUUID(), trustedFormUrl: 'https://cert.trustedform.com/example', sourceMetadata: { placement: 'top <b>banner</b>' } },
  contact: { firstName: 'Jordan', lastName: 'Example', email: 'jordan@example.com', phone: { number: '+15125550123' } },
  customer: {},
  ...changes,
});

const HOSTILE = [
  '<img src=x onerror=alert(1)>', '<script>alert(1)</script>', '"><svg onload=alert(1)>', '=HYPERLINK("https://evil.example")', "=cmd|' /C calc'!A0",
  'javascript:alert(1)', 'JaVaScRiPt:alert(1)//', 'data:text/html,<script>alert(1)</script>', '\u202egpj.exe\u202c', '\u2066\u200bx\u2069', '${alert(1)}', '{{alert(1)}}',
  'http://evil.example/', ' https://evil.example/', 'https://evil.example/\u202e"onmouseover=alert(1)', '&lt;b&gt;', '__proto__', 'x'.repeat(3000),
];

/** The same value with every text, and every name of a free member, replaced by hostile ones. */
function hostile(value, next = { n: 0 }) {
  if (typeof value === 'string') return HOSTILE[next.n++ % HOSTILE.length];
  if (Array.isArray(value)) return value.map((item) => hostile(item, next));
  if (typeof value === 'object' && value !== null) return Object.fromEntries(Object.entries(value).map(([name, of]) => [name, hostile(of, next)]));
  return value;
}

const TESTS = {
  async 'a lead appears in the open inbox, is opened, and is read'(complaints) {
    const page = await visit(complaints);
    const name = `Zoë Livetest${Date.now()}`;
    const [firstName, lastName] = name.split(' ');
    await post(structured({ contact: { ...structured().contact, firstName, lastName } }));
    const row = rows(page).filter({ has: page.getByRole('link', { name, exact: true }) });
    await row.waitFor();
    assert.match(await row.innerText(), /\(512\) 555-0123/);
    assert.match(await row.innerText(), /Demo: open/);
    await row.getByRole('img', { name: 'Unread' }).waitFor();
    await row.getByRole('link').click();
    await heading(page, name).waitFor();
    for (const section of ['Timeline', 'Lookup', 'Consent', 'Eligibility']) await heading(page, section).waitFor();
    await page.getByText('top <b>banner</b>').waitFor();
    await page.getByText('A new lead came in').waitFor();
    await page.getByRole('button', { name: 'Copy the phone number' }).click();
    assert.equal(await page.evaluate(() => navigator.clipboard.readText()), '+15125550123');
    await page.getByRole('button', { name: 'Copy the e-mail address' }).click();
    assert.equal(await page.evaluate(() => navigator.clipboard.readText()), 'jordan@example.com');
    await page.getByRole('link', { name: 'Inbox' }).first().click();
    await row.waitFor();
    await until('the row is read', async () => (await row.getByRole('img', { name: 'Unread' }).count()) === 0);
    await page.getByRole('searchbox').fill(lastName.toLowerCase());
    await page.getByRole('searchbox').press('Enter');
    await until('only the hit remains', async () => (await rows(page).count()) === 1);
    await row.waitFor();
  },

  async 'the reports and the sources of the stack are shown, and never a key'(complaints) {
    await post(structured());
    const page = await visit(complaints);
    await page.getByRole('link', { name: 'Reports' }).click();
    await heading(page, 'Per day').waitFor();
    await page.getByRole('img', { name: /^Leads per day: [1-9]/ }).waitFor();
    await page.getByRole('combobox', { name: 'Days' }).selectOption('7');
    await until('seven days', async () => (await page.getByRole('region', { name: /Leads per day/ }).getByRole('row').count()) === 8);
    await page.getByRole('combobox', { name: 'Source' }).selectOption('source_texas');
    await heading(page, 'No leads in these days').waitFor();
    await page.getByRole('link', { name: 'Sources' }).click();
    await heading(page, 'Demo: disabled: 403').waitFor();
    await page.getByText('Disabled', { exact: true }).waitFor();
    assert.doesNotMatch(await page.content(), /lp_|salt|apiKey/);
  },

  async 'what a partner sent is text in every view'(complaints) {
    const world = { leads: many(3), sources: SOURCES.map((source) => ({ ...source, name: HOSTILE[0], allowedProducts: HOSTILE })) };
    const source = { id: 'source_123', name: HOSTILE[0] };
    const { id, conversation, events, createdAt, eligibility } = world.leads[0];
    const evil = hostile(world.leads[0]);
    const sourceMetadata = Object.fromEntries(HOSTILE.map((text, n) => [n === 0 ? text : `${n} ${text}`, text]));
    world.leads[0] = { ...evil, id, createdAt, source, sourceId: 'source_123', eligibility, processingStatus: 'Ready', metadata: { ...evil.metadata, sourceMetadata, landingPage: 'javascript:alert(1)', referrer: 'https://good.example/a?b=<c>' }, conversation: { ...conversation, lastSnippet: HOSTILE[0] }, events: events.map((event) => ({ ...event, summary: HOSTILE[1] })) };
    const page = await visit(complaints, { world });
    await page.addInitScript(() => (window.alert = () => console.log('alert was called')));
    await rows(page).first().getByRole('link').click();
    await heading(page, 'Sent by the source').waitFor();
    const text = await page.locator('main').innerText();
    for (const sent of HOSTILE.slice(0, 8)) assert.ok(text.includes(sent), `not shown: ${sent}`);
    assert.ok(text.includes('[U+202E]gpj.exe') && !/[\u202a-\u202e\u2066-\u2069\u200b]/.test(text), 'direction marks are visible');
    const links = await page.locator('main a').evaluateAll((found) => found.map(({ href, rel }) => ({ href, rel })));
    for (const { href, rel } of links) {
      assert.match(href, new RegExp(`^(https://|tel:|${base}/app#/)`), href);
      if (href.startsWith('https:')) assert.equal(rel, 'noopener noreferrer nofollow');
    }
    assert.ok(links.some(({ href }) => href.startsWith('https://good.example/')), 'an https address is a link');
    assert.equal(await page.locator('main img, main script, main iframe, main svg').count(), 0);
    complaints.push(...(await axe(page)), ...(await overflow(page)));
    await page.setViewportSize(NARROW);
    complaints.push(...(await overflow(page)));
    for (const view of ['Inbox', 'Reports', 'Sources']) {
      await page.getByRole('navigation').getByRole('link', { name: view }).click();
      await heading(page, view).waitFor();
      await until('loaded', async () => (await page.locator('.loading').count()) === 0);
      assert.equal(await page.locator('main img, main script, main iframe').count(), 0);
      complaints.push(...(await overflow(page)));
    }
  },

  async 'failures of the sign-in are told'(complaints) {
    for (const [path, message] of [
      ['/app?error=access_denied&state=x', 'The sign-in was canceled.'],
      ['/app?error=<b>oops</b>', 'The sign-in did not work.'],
      ['/app?code=stolen&state=forged', 'This sign-in was not started here'],
    ]) {
      const page = await visit(complaints, { path, signedIn: false });
      await page.getByRole('alert').filter({ hasText: message }).waitFor();
      assert.equal(new URL(page.url()).search, '', 'the address is clean');
      complaints.push(...(await axe(page)));
      await page.context().close();
    }
    const world = { fault: ({ path }) => path === '/sign-in/token' && 400 };
    const page = await visit(complaints, { world, signedIn: false });
    await page.getByRole('button', { name: 'Continue as demo user' }).click();
    await page.getByRole('alert').filter({ hasText: 'The sign-in did not work.' }).waitFor();
    world.fault = () => 0;
    await page.getByRole('button', { name: 'Continue as demo user' }).click();
    await heading(page, 'Inbox').waitFor();
  },

  async 'a token that has ended is refreshed once, however many calls wait'(complaints) {
    const world = { leads: many(3) };
    const page = await visit(complaints, { world });
    await rows(page).first().waitFor();
    const old = world.calls.findLast(({ path }) => path === '/conversations/my').token;
    world.calls.length = 0;
    world.fault = ({ path, token }) => /^\/(sources|analytics)/.test(path) && token === old && 401;
    await page.getByRole('link', { name: 'Reports' }).click();
    await heading(page, 'Per day').waitFor();
    await until('the sources', async () => (await page.getByRole('combobox', { name: 'Source' }).getByRole('option').count()) === 1 + SOURCES.length);
    assert.equal(world.calls.filter(({ path }) => path === '/sign-in/token').length, 1);
    assert.equal(world.calls.filter(({ path, token }) => /^\/(sources|analytics)/.test(path) && token === old).length, 2);
  },

  async 'a sign-in service that is busy or down does not end the session'(complaints) {
    const world = { leads: many(3), fault: () => 0 };
    const page = await visit(complaints, { world });
    await until('three rows', async () => (await rows(page).count()) === 3);
    for (const status of [429, 408, 403, 500, 503]) {
      world.fault = ({ path }) => (path === '/sign-in/token' ? status : 401);
      await page.getByRole('alert').filter({ hasText: 'The sign-in service does not answer right now.' }).waitFor();
      assert.equal(await rows(page).count(), 3);
      world.fault = () => 0;
      await page.getByRole('button', { name: 'Try now' }).click();
      await until(`recovered from ${status}`, async () => (await page.getByRole('alert').count()) === 0);
    }
    for (const status of [401, 400]) {
      world.fault = ({ path }) => (path === '/sign-in/token' ? status : 401);
      await page.getByRole('alert').filter({ hasText: 'Your session has ended' }).waitFor();
      world.fault = () => 0;
      await page.getByRole('button', { name: 'Continue as demo user' }).click();
      await rows(page).first().waitFor();
    }
  },

  async 'the unread filter looks through one page at a time, and polls only the newest conversations'(complaints) {
    const read = (n) => lead(n, { conversation: { ...lead(n).conversation, isUnread: n === 1100 } });
    const world = { leads: Array.from({ length: 1200 }, (_, n) => read(n)) };
    const page = await visit(complaints, { world });
    await rows(page).first().waitFor();
    const polls = (isFiltered) => world.calls.filter(({ path, body }) => path === '/conversations/my' && isFiltered === body.filters?.length > 0).length;
    await page.getByRole('checkbox', { name: 'Unread only' }).check();
    await heading(page, 'No unread lead found yet').waitFor();
    const before = polls(false);
    await until('three more polls', async () => polls(false) >= before + 3);
    assert.equal(polls(true), 1);
    complaints.push(...(await axe(page)));
    await page.getByRole('button', { name: 'Show more' }).click();
    await page.getByText('No more among these.').waitFor();
    await page.getByRole('button', { name: 'Show more' }).click();
    await until('the unread one', async () => (await rows(page).count()) === 1);
    assert.equal(polls(true), 3);
    world.leads.unshift(lead(0, { id: 'lead_new' }));
    await until('the new one', async () => (await rows(page).count()) === 2);
    assert.equal(polls(true), 4);
  },

  async 'every source is offered and listed, however many there are'(complaints) {
    const sources = Array.from({ length: 230 }, (_, n) => ({ ...SOURCES[0], id: `source_${n}`, name: `Source ${n}` }));
    const world = { leads: many(3), sources };
    const page = await visit(complaints, { world });
    await page.getByRole('link', { name: 'Reports' }).click();
    await until('all sources', async () => (await page.getByRole('combobox', { name: 'Source' }).getByRole('option').count()) === 231);
    await page.getByText('Not every source was checked').waitFor();
    assert.equal(await page.getByText('Nothing needs attention').count(), 0);
    world.calls.length = 0;
    await page.getByRole('link', { name: 'Sources' }).click();
    await until('all cards', async () => (await page.locator('.cards > li').count()) === 230);
    await page.getByText('Leads in 7 days').first().waitFor();
    assert.equal(world.calls.length, 4, 'three pages of sources and one report');
  },

  async 'a report says what it could not count'(complaints) {
    const unknown = { summary: { leads: null, leadsComparison: null }, leadTrend: null, leadSources: null, needsAttention: [], attentionIsComplete: false };
    const world = { leads: many(3), unknown };
    const page = await visit(complaints, { world });
    await page.getByRole('link', { name: 'Reports' }).click();
    await heading(page, 'Too many leads to count').waitFor();
    assert.doesNotMatch(await page.locator('main').innerText(), /\b0\b|Nothing needs attention/);
    await page.getByRole('combobox', { name: 'Source' }).selectOption('source_texas');
    await heading(page, 'Per day').waitFor();
    await page.getByRole('link', { name: 'Sources' }).click();
    await heading(page, 'Old partner').waitFor();
    assert.equal(await page.getByText('Leads in 7 days').count(), 0);
  },

  async 'a session that cannot be refreshed ends in the sign-in, and goes on where it was'(complaints) {
    const world = { leads: many(3) };
    const page = await visit(complaints, { world });
    await page.getByRole('link', { name: 'Reports' }).click();
    await heading(page, 'Per day').waitFor();
    world.fault = ({ path }) => (path === '/sign-in/token' ? 400 : 401);
    await page.getByRole('link', { name: 'Sources' }).click();
    await page.getByRole('alert').filter({ hasText: 'Your session has ended' }).waitFor();
    assert.ok(world.calls.filter(({ path }) => path === '/sign-in/token').length <= 2, 'one refresh after the sign-in');
    world.fault = () => 0;
    await page.getByRole('button', { name: 'Continue as demo user' }).click();
    await heading(page, 'Sources').waitFor();
  },

  async 'signing out forgets the tokens'(complaints) {
    const page = await visit(complaints, { world: { leads: many(1) } });
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('button', { name: 'Continue as demo user' }).waitFor();
    assert.equal(await page.evaluate(() => sessionStorage.length + localStorage.length), 0);
    await page.reload();
    await page.getByRole('button', { name: 'Continue as demo user' }).waitFor();
  },

  async 'a service that answers 503 keeps the rows, says so, and recovers'(complaints) {
    const world = { leads: many(3), fault: () => 0 };
    const page = await visit(complaints, { world });
    await until('three rows', async () => (await rows(page).count()) === 3);
    for (const [fault, message] of [[503, 'The service does not answer right now.'], [429, 'too many requests'], ['cut', 'The service cannot be reached.']]) {
      world.fault = () => fault;
      await page.getByRole('alert').filter({ hasText: message }).waitFor();
      assert.equal(await rows(page).count(), 3);
      complaints.push(...(await axe(page)));
      world.fault = () => 0;
      await page.getByRole('button', { name: 'Try now' }).click();
      await until('the failure is gone', async () => (await page.getByRole('alert').count()) === 0);
    }
    world.fault = ({ path }) => path !== '/sign-in/token' && 503;
    for (const view of ['Reports', 'Sources', 'Inbox']) {
      await page.getByRole('link', { name: view }).first().click();
      await page.getByRole('alert').filter({ hasText: 'does not answer' }).waitFor();
    }
  },

  async 'a user without a business is told'(complaints) {
    const world = { fault: ({ path }) => path !== '/sign-in/token' && 403 };
    const page = await visit(complaints, { world });
    await page.getByRole('alert').filter({ hasText: 'The stand-in answers 403.' }).waitFor();
    const calls = world.calls.length;
    await page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')));
    assert.equal(world.calls.length, calls, 'it is not asked again');
    const other = await visit(complaints, { world: { ...world, code: 'business.none' } });
    await other.getByRole('alert').filter({ hasText: 'Your account belongs to no business here.' }).waitFor();
  },

  async 'a thousand leads are paged without a repeat'(complaints) {
    const world = { leads: many(1000) };
    const page = await visit(complaints, { world });
    await until('25 rows', async () => (await rows(page).count()) === 25);
    world.leads.unshift(lead(0, { id: 'lead_new', conversation: { ...lead(0).conversation, id: 'conversation_lead_new' } }));
    await page.getByRole('status').filter({ hasText: '1 new lead' }).waitFor();
    for (let shown = 25; (await page.getByRole('button', { name: 'Show more' }).count()) > 0; ) {
      // A new lead pushes a row from the first page while older rows are shown.
      if (shown === 50) {
        world.leads.unshift(lead(0, { id: 'lead_newer', conversation: { ...lead(0).conversation, id: 'conversation_lead_newer' } }));
        await page.getByRole('status').filter({ hasText: '2 new leads' }).waitFor();
      }
      const before = shown;
      await page.getByRole('button', { name: 'Show more' }).click();
      await until('more rows', async () => (shown = await rows(page).count()) > before);
      await page.getByRole('button', { name: 'Loading …' }).waitFor({ state: 'detached' });
    }
    const links = await rows(page).getByRole('link').evaluateAll((found) => found.map(({ href }) => href));
    assert.equal(new Set(links).size, links.length, 'no row twice');
    for (const { id } of world.leads) assert.ok(links.some((link) => link.endsWith(`/${id}`)), `${id} is missing`);
    assert.equal(await page.getByRole('button', { name: 'Show more' }).count(), 0);
  },

  async 'the unread filter, the search and the empty states say what they show'(complaints) {
    const world = { leads: many(30) };
    const page = await visit(complaints, { world });
    await page.getByRole('checkbox', { name: 'Unread only' }).check();
    await until('four unread rows', async () => (await rows(page).count()) === 4);
    await page.getByRole('checkbox', { name: 'Unread only' }).uncheck();
    await page.getByRole('searchbox').fill('placeholder');
    await page.getByRole('searchbox').press('Enter');
    await until('only the hits', async () => (await rows(page).count()) === 5);
    await page.getByRole('status').filter({ hasText: '5 leads found' }).waitFor();
    await rows(page).first().getByRole('link').click();
    await heading(page, 'Timeline').waitFor();
    await page.goBack();
    await until('the search outlives the way to a lead', async () => (await rows(page).count()) === 5);
    assert.equal(await page.getByRole('searchbox').inputValue(), 'placeholder');
    await page.getByRole('searchbox').fill('no such name');
    await page.getByRole('button', { name: 'Search' }).click();
    await heading(page, 'No lead matches').waitFor();
    await page.getByRole('status').filter({ hasText: 'No lead matches' }).waitFor();
    complaints.push(...(await axe(page)));
    await page.getByRole('button', { name: 'Clear' }).click();
    world.leads = [];
    await heading(page, 'No leads yet').waitFor();
    complaints.push(...(await axe(page)));
    for (const address of ['leads/%', 'constructor', '%00', 'nothing/else']) {
      await page.goto(`${base}/app#/${address}`);
      await heading(page, 'Inbox').waitFor();
    }
    await page.goto(`${base}/app#/leads/lead_unknown%2F..`);
    world.fault = ({ path }) => path.startsWith('/leads/lead_unknown') && 404;
    await heading(page, 'This lead is not found').waitFor();
    complaints.push(...(await axe(page)));
  },

  async 'a hidden page asks for nothing, and a visible one every two seconds'(complaints) {
    const world = { leads: many(2) };
    const page = await visit(complaints, { world });
    await rows(page).first().waitFor();
    const polls = () => world.calls.filter(({ path }) => path === '/conversations/my').length;
    const first = polls();
    await until('three more polls', async () => polls() >= first + 3);
    await show(page, 'hidden');
    await page.clock.install();
    const hidden = polls();
    await page.clock.runFor(60_000);
    assert.ok(polls() <= hidden + 1, 'at most the poll that was under way');
    await show(page, 'visible');
    await until('a poll at once', async () => polls() > hidden);
  },

  async 'no lead is left out, however many came in while the page was not in sight'(complaints) {
    for (const [shown, arrived] of [[50, 26], [50, 40], [50, 300], [25, 40]]) {
      const world = { leads: many(80) };
      const page = await visit(complaints, { world });
      await until('25 rows', async () => (await rows(page).count()) === 25);
      for (let count = 50; count <= shown; count += 25) {
        await more(page).click();
        await until(`${count} rows`, async () => (await rows(page).count()) === count);
      }
      await show(page, 'hidden');
      await page.waitForLoadState('networkidle');
      arrive(world, arrived);
      await show(page, 'visible');
      await page.getByRole('status').filter({ hasText: /new lead/ }).waitFor();
      for (let before; (await more(page).count()) > 0; ) {
        before = await rows(page).count();
        await more(page).click();
        await until('more rows', async () => (await rows(page).count()) > before);
      }
      const links = await rows(page).getByRole('link').evaluateAll((found) => found.map(({ hash }) => hash.slice('#/leads/'.length)));
      assert.deepEqual(links, world.leads.map(({ id }) => id), `${arrived} after ${shown}`);
      await page.context().close();
    }
  },

  async 'the focus and the rows in sight stay where they are when rows come and move'(complaints) {
    const world = { leads: many(80) };
    const page = await visit(complaints, { world });
    await more(page).click();
    await until('50 rows', async () => (await rows(page).count()) === 50);
    const link = rows(page).nth(29).getByRole('link');
    const href = await link.getAttribute('href');
    await link.focus();
    const place = () => page.evaluate(() => ({ href: document.activeElement.getAttribute('href'), top: document.activeElement.getBoundingClientRect().top }));
    const before = await place();
    assert.equal(before.href, href);
    const changes = [1, 2, 3, 40].map((count) => () => arrive(world, count));
    // An event moves a row from below to the top.
    changes.push(() => {
      const [moved] = world.leads.splice(-40, 1);
      const lastEventAt = new Date().toISOString();
      world.leads.unshift({ ...moved, conversation: { ...moved.conversation, lastEventAt } });
    });
    for (const change of changes) {
      change();
      await until('the newest row', async () => (await rows(page).first().getByRole('link').getAttribute('href')).endsWith(world.leads[0].id));
      const after = await place();
      assert.equal(after.href, href, 'the focus');
      assert.ok(Math.abs(after.top - before.top) < 2, `the row moved from ${before.top} to ${after.top}`);
    }
    // Without the focus, the row in sight stays.
    await page.evaluate(() => document.activeElement.blur());
    const top = () => link.evaluate((element, href) => document.querySelector(`a[href="${href}"]`).getBoundingClientRect().top, href);
    arrive(world, 3);
    await until('the newest row', async () => (await rows(page).first().getByRole('link').getAttribute('href')).endsWith(world.leads[0].id));
    assert.ok(Math.abs((await top()) - before.top) < 2);
  },

  async '“Show more” keeps the focus, and says how it failed'(complaints) {
    const world = { leads: many(70) };
    const page = await visit(complaints, { world });
    await rows(page).first().waitFor();
    const focused = () => page.evaluate(() => document.activeElement.innerText);
    world.fault = ({ body }) => body.continuationToken && 503;
    await more(page).focus();
    await page.keyboard.press('Enter');
    const alert = page.getByRole('alert').filter({ hasText: 'does not answer' });
    await alert.waitFor();
    assert.equal(await focused(), 'Show more');
    assert.doesNotMatch(await alert.innerText(), /We keep trying/);
    complaints.push(...(await axe(page)));
    world.fault = () => 0;
    await alert.getByRole('button', { name: 'Try now' }).focus();
    await page.keyboard.press('Enter');
    await until('50 rows', async () => (await rows(page).count()) === 50);
    assert.equal(await focused(), await rows(page).nth(25).getByRole('link').innerText(), 'the first new row');
    await more(page).focus();
    await page.keyboard.press('Enter');
    await until('70 rows', async () => (await rows(page).count()) === 70);
    assert.equal(await focused(), await rows(page).nth(50).getByRole('link').innerText(), 'the button is gone');
  },

  async 'the way back from a lead leads to the same place'(complaints) {
    const world = { leads: many(120) };
    const page = await visit(complaints, { world });
    for (let count = 25; count < 100; count += 25) {
      await until(`${count} rows`, async () => (await rows(page).count()) === count);
      await more(page).click();
    }
    await until('100 rows', async () => (await rows(page).count()) === 100);
    const link = rows(page).nth(79).getByRole('link');
    const href = await link.getAttribute('href');
    await link.focus();
    const y = await page.evaluate(() => scrollY);
    await page.keyboard.press('Enter');
    await heading(page, 'Timeline').waitFor();
    assert.equal(await page.evaluate(() => scrollY), 0);
    await page.goBack();
    await until('100 rows', async () => (await rows(page).count()) === 100);
    await until('the place', async () => Math.abs((await page.evaluate(() => scrollY)) - y) < 2);
    assert.equal(await page.evaluate(() => document.activeElement.getAttribute('href')), href);
  },

  async 'a marked duplicate leads to the earlier lead'(complaints) {
    const world = { leads: [lead(1, { duplicateOf: 'lead_0002' }), lead(2)] };
    const page = await visit(complaints, { world });
    await rows(page).first().getByRole('link').click();
    await page.getByText('Earlier lead of the same person').getByRole('link', { name: 'lead_0002' }).click();
    await heading(page, 'Riley Muñoz').waitFor();
    assert.equal(await page.getByText('Earlier lead').count(), 0);
  },

  async 'an erased lead shows what is kept, and a lead says why in words'(complaints) {
    const { id, createdAt, source, conversation, events } = lead(1);
    const erased = { id, createdAt, source, conversation, events, processingStatus: 'Erased', eligibility: { sms: { eligible: false, reasons: ['lead_erased'] } } };
    const unknown = { eligibility: { sms: { eligible: false, reasons: ['line_type_unknown'] } }, consent: { status: 'unverified', reason: 'certificate_not_claimable' } };
    const world = { leads: [lead(0, unknown), lead(1)] };
    const page = await visit(complaints, { world });
    await rows(page).first().getByRole('link').click();
    await page.getByText('It is not known whether this kind of line gets texts').waitFor();
    await page.getByText('TrustedForm cannot keep a certificate of this kind').waitFor();
    world.leads[1] = erased;
    await page.goto(`${base}/app#/leads/${id}`);
    await heading(page, 'Erased lead').waitFor();
    await page.getByText('The person’s data was erased').waitFor();
    for (const untrue of ['no phone number', 'needs no certificate', 'Nothing was sent']) assert.equal(await page.getByText(untrue).count(), 0, untrue);
  },

  async 'the limits of a source are sentences'(complaints) {
    const page = await visit(complaints, { world: { leads: many(3) } });
    await page.getByRole('link', { name: 'Sources' }).click();
    await page.getByText('At most 5 leads a day and 1 lead an hour (UTC)').waitFor();
    await page.getByText('Refused if the same phone number or e-mail address came from any source of your business with such a rule in the last 30 days').waitFor();
    await page.getByText('Accepted and marked if the same phone number came from this source in the last day').waitFor();
    const paused = page.locator('.cards > li').filter({ hasText: 'WWW' });
    await paused.getByText('Paused: its limit is 0').waitFor();
    assert.equal(await paused.getByText('Active', { exact: true }).count(), 0);
  },

  async 'long names leave room for the others'(complaints) {
    const names = { firstName: 'Long '.repeat(200), lastName: 'W'.repeat(1000) };
    const world = { leads: [lead(0, { contact: { ...lead(0).contact, ...names } }), lead(1)] };
    for (const viewport of [WIDE, NARROW]) {
      const page = await visit(complaints, { world, viewport });
      assert.ok((await rows(page).first().boundingBox()).height < 200);
      complaints.push(...(await overflow(page)));
      await rows(page).first().getByRole('link').click();
      await heading(page, 'Contact').waitFor();
      assert.ok((await page.getByRole('heading', { level: 1 }).boundingBox()).height < 150);
      complaints.push(...(await overflow(page)));
      await page.context().close();
    }
  },

  async 'the keyboard alone is enough'(complaints) {
    const page = await visit(complaints, { world: { leads: many(3) } });
    await rows(page).first().waitFor();
    const focused = () => page.evaluate(() => document.activeElement.innerText || document.activeElement.id);
    for (let n = 0; n < 30 && (await focused()) !== 'Jordan Example'; n++) await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await heading(page, 'Timeline').waitFor();
    assert.equal(await focused(), 'Jordan Example', 'the heading has the focus');
    await page.keyboard.press('Tab');
    assert.match(await focused(), /555-0100/);
  },

  async 'the vendored file is the npm package’s'() {
    const own = readFileSync(new URL('../../functions/show-app/app/preact.js', import.meta.url));
    assert.ok(own.equals(readFileSync(new URL('../../target/node/node_modules/htm/preact/standalone.module.js', import.meta.url))), 'functions/show-app/app/preact.js differs from htm');
  },

  async 'axe finds nothing in any view, and nothing is too wide'(complaints) {
    const attention = [{ severity: 'warning', title: 'A source has sent no leads today', detail: `${SOURCES[2].name} sent leads yesterday and none so far today (UTC).` }];
    for (const viewport of [WIDE, { width: 768, height: 900 }, { width: 640, height: 430 }, NARROW]) {
      for (const colorScheme of ['light', 'dark']) {
        const world = { leads: many(60), attention, refused: true };
        const page = await visit(complaints, { world, viewport, colorScheme, signedIn: false });
        const look = async (name) => {
          const found = [...(await axe(page)), ...(await overflow(page))];
          complaints.push(...found.map((one) => `${name}, ${viewport.width} px, ${colorScheme}: ${one}`));
          if (shots && [WIDE, NARROW].includes(viewport)) await page.screenshot({ path: `${shots}/${name}-${viewport.width}-${colorScheme}.png`, fullPage: name !== 'inbox' });
        };
        await page.getByRole('button', { name: 'Continue as demo user' }).waitFor();
        await look('sign-in');
        await page.getByRole('button', { name: 'Continue as demo user' }).click();
        await rows(page).first().waitFor();
        await look('inbox');
        await rows(page).first().getByRole('link').click();
        await heading(page, 'Timeline').waitFor();
        await look('lead');
        await page.emulateMedia({ media: 'print' });
        assert.ok(!(await page.locator('header').isVisible()), 'the navigation is not printed');
        await page.emulateMedia({ media: 'screen' });
        await page.getByRole('link', { name: 'Reports' }).click();
        await heading(page, 'Per day').waitFor();
        await look('reports');
        for (const name of await page.locator('.bars thead th').all()) assert.ok((await name.boundingBox()).height < 50, 'a name of a column is not broken');
        await page.getByRole('combobox', { name: 'Source' }).selectOption('source_texas');
        await heading(page, 'Why leads are refused').waitFor();
        await page.getByRole('cell', { name: /^phone\.not_possible \d/ }).first().waitFor();
        await look('report-of-a-source');
        await page.getByRole('link', { name: 'Sources' }).click();
        await heading(page, 'Old partner').waitFor();
        await page.getByText('Leads in 7 days').first().waitFor();
        await look('sources');
        await page.context().close();
      }
    }
  },
};

if (shots) mkdirSync(shots, { recursive: true });
let failed = 0;
for (const [name, test] of Object.entries(TESTS)) {
  const complaints = [];
  await test(complaints).catch((error) => complaints.push(error.stack));
  await Promise.all(browser.contexts().map((context) => context.close()));
  console.log(`${complaints.length === 0 ? 'ok    ' : 'FAILED'} ${name}`);
  if (complaints.length > 0) console.log(complaints.map((one) => `         ${one}`).join('\n'));
  failed += complaints.length > 0;
}
await browser.close();
exit(failed === 0 ? 0 : 1);
