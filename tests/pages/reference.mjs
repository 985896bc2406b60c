// Looks at the API reference in Chromium: `run` starts the stack that serves it.
//
//     reference.mjs URL

import { argv, exit } from 'node:process';
import { axe, launch, open, overflow } from '../node/browser.mjs';

const [, , url] = argv;
const complaints = [];
const browser = await launch();
for (const width of [360, 768, 1280]) {
  for (const colorScheme of ['light', 'dark']) {
    const found = [];
    const page = await open(browser, url, { viewport: { width, height: 900 }, colorScheme }, found);
    found.push(...(await axe(page)), ...(await overflow(page)));
    console.log(`${width} px, ${colorScheme}: ${found.length} complaints`);
    complaints.push(...found.map((one) => `${width} px, ${colorScheme}: ${one}`));
    await page.context().close();
  }
}

const page = await open(browser, `${url}#validation`, { javaScriptEnabled: false, viewport: { width: 1280, height: 900 } }, complaints);
const target = await page.locator(':target').boundingBox();
if (!(target?.y >= 0 && target.y < 900)) complaints.push('the last segment of a type does not lead to its section');
await page.emulateMedia({ media: 'print' });
if (await page.locator('nav').isVisible()) complaints.push('the contents are printed');
await browser.close();

console.log(complaints.join('\n') || 'axe finds nothing, nothing is too wide, and the policy holds');
exit(complaints.length === 0 ? 0 : 1);
