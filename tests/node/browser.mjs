// A browser for tests of pages, and what holds of every page. Chromium comes from the system, not from npm.

import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { env } from 'node:process';

const require = createRequire(new URL('../../target/node/', import.meta.url));
const { chromium } = require('playwright-core');
const AXE = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');

const executablePath = [env.CHROMIUM, '/usr/bin/chromium', '/usr/bin/google-chrome'].find((path) => path && existsSync(path));

/** Starts the browser. As root, as in a container, it has no sandbox. */
export function launch() {
  if (!executablePath) throw new Error('no Chromium: install it, or name it in CHROMIUM');
  return chromium.launch({ executablePath, args: process.getuid?.() === 0 ? ['--no-sandbox'] : [] });
}

/** Opens a page. What it writes to its console or fails to load, a broken policy included, is added to `complaints`. */
export async function open(browser, url, options, complaints) {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  page.on('console', (message) => complaints.push(`console: ${message.text()}`));
  page.on('pageerror', (error) => complaints.push(`error: ${error.message}`));
  page.on('requestfailed', (request) => complaints.push(`not loaded: ${request.url()}`));
  const response = await page.goto(url);
  if (response.status() !== 200) complaints.push(`${url}: ${response.status()}`);
  return page;
}

/** What axe finds, by its rules for WCAG 2.2 AA and best practices. It throws if axe does not run. */
export async function axe(page) {
  // The debugger's protocol is not bound by the page's policy.
  const { version, passes, violations } = await page.evaluate(`${AXE}; axe.run()
    .then(({ passes, violations }) => ({ version: axe.version, passes: passes.length, violations }))`);
  if (!version || passes === 0) throw new Error('axe has checked nothing');
  return violations.map(({ id, help, nodes }) => `axe, ${id}: ${help}: ${nodes.map(({ target }) => target).join(', ')}`);
}

/** Whether the page is wider than its window, with the widest elements. */
export async function overflow(page) {
  const wide = await page.evaluate(() => {
    const width = document.documentElement.clientWidth;
    const elements = [...document.querySelectorAll('body *')].filter((element) => element.getBoundingClientRect().right > width + 1);
    return document.documentElement.scrollWidth > width ? elements.map((element) => element.outerHTML.slice(0, 80)) : [];
  });
  return wide.map((element) => `too wide: ${element}`);
}
