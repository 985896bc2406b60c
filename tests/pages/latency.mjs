// Measures how long a lead takes from its 201 to its row in the open inbox: `run --latency` starts the stack.
//
//     latency.mjs URL [LEADS]

import { argv } from 'node:process';
import { launch } from '../node/browser.mjs';

const [, , base, count = '100'] = argv;
const browser = await launch();
const page = await browser.newPage();
await page.goto(`${base}/app`);
await page.getByRole('button', { name: 'Continue as demo user' }).click();
await page.getByRole('heading', { name: 'Inbox' }).waitFor();

const headers = { 'content-type': 'application/json', 'x-leadping-source-id': 'source_123', 'x-leadping-source-key': 'lp_source_key' };
const took = [];
for (let n = 0; n < Number(count); n++) {
  const lastName = `Latency${n}x`;
  const body = {
    metadata: { externalId: `latency-${n}-${Date.now()}`, trustedFormUrl: 'https://cert.trustedform.com/example' },
    contact: { firstName: 'Jordan', lastName, phone: { number: '+15125550123' } },
    customer: {},
  };
  // The page notes when the row is there. Its clock is this machine's.
  const seen = page.evaluate((text) => new Promise((resolve) => {
    const look = () => document.body.innerText.includes(text) && (observer.disconnect(), resolve(Date.now()));
    const observer = new MutationObserver(look);
    observer.observe(document.body, { subtree: true, childList: true, characterData: true });
  }), lastName);
  const answer = await fetch(`${base}/leads`, { method: 'POST', headers, body: JSON.stringify(body) });
  const answered = Date.now();
  if (answer.status !== 201) throw new Error(`${answer.status}: ${await answer.text()}`);
  took.push((await seen) - answered);
  // So that posts fall on every moment between two polls.
  await new Promise((resolve) => setTimeout(resolve, Math.random() * 2000));
}
await browser.close();
took.sort((a, b) => a - b);
const at = (part) => took[Math.min(took.length - 1, Math.floor(part * took.length))];
console.log(`from the 201 to the row, ${took.length} leads: median ${at(0.5)} ms, p99 ${at(0.99)} ms, longest ${took.at(-1)} ms`);
