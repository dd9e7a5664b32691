// The page of `--report` as a person opens it: from a file, light and dark and on paper; it loads nothing, its search box
// finds, and nothing of what products are called is taken for a part of it.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { page as open } from './client.mjs';

export async function report(shop) {
  const file = join(shop.dir, 'run.html');
  // Nothing of what the steps before have settled, or protected.
  await shop.source.sql(`
    UPDATE dbo.Products SET Price = Price + 0.11 WHERE ProductID IN (102, 104, 105, 106);
    UPDATE dbo.Products SET ProductName = N'<img src=x onerror=alert(1)> & tea' WHERE ProductID = 102`);
  shop.erpsync(['import-products', '--dry-run', '--report', file], 2);
  const wrong = [];
  const page = await open({ viewport: { width: 1100, height: 900 } });
  page.on('console', (message) => wrong.push(`console: ${message.text()}`));
  page.on('pageerror', (error) => wrong.push(`script: ${error.message}`));
  page.on('dialog', (dialog) => wrong.push(`dialog: ${dialog.message()}`));
  page.on('request', (request) => request.url() === pathToFileURL(file).href || wrong.push(`asked for ${request.url()}`));
  await page.goto(pathToFileURL(file).href);

  const rows = page.locator('tr[data-row]:visible');
  const all = await rows.count();
  assert.ok(all >= 6, `${all} rows`);
  assert.equal(await page.locator('svg rect').count() > 0, true, 'the histogram has bars');
  assert.equal(await page.locator('img').count(), 0);
  const found = page.locator('#found');
  await page.fill('#search', 'IMG onerror');
  await found.filter({ hasText: `1 of ${all} rows` }).waitFor();
  assert.equal(await rows.count(), 1);
  assert.match(await rows.first().innerText(), /<img src=x onerror=alert\(1\)> & tea/);
  await page.fill('#search', 'no such product');
  await found.filter({ hasText: `0 of ${all} rows` }).waitFor();
  assert.equal(await page.locator('details:visible').count(), 0);
  await page.press('#search', 'Escape');
  await page.waitForFunction(() => document.getElementById('found').textContent === '');
  assert.equal(await rows.count(), all);

  // What is read is told from its ground, in either scheme.
  for (const colorScheme of ['light', 'dark']) {
    await page.emulateMedia({ colorScheme });
    const [ink, paper] = await page.evaluate(() => {
      const style = getComputedStyle(document.body);
      return [style.color, style.backgroundColor].map((colour) => /\d+, \d+, \d+/.exec(colour)[0].split(', ').map(Number));
    });
    const light = (colour) => colour.reduce((sum, part) => sum + part, 0) / 3;
    assert.ok((light(ink) < light(paper)) === (colorScheme === 'light'), `${colorScheme}: ${ink} on ${paper}`);
    assert.ok(Math.abs(light(ink) - light(paper)) > 150, `${colorScheme}: ${ink} on ${paper}`);
    if (process.env.ERPSYNC_BROWSER_SHOTS) {
      await page.screenshot({ path: join(process.env.ERPSYNC_BROWSER_SHOTS, `report-${colorScheme}-${shop.version}.png`), fullPage: true });
    }
  }
  await page.emulateMedia({ media: 'print' });
  assert.equal(await page.locator('.search').isVisible(), false);
  const pdf = await page.pdf({ format: 'A4', ...(process.env.ERPSYNC_BROWSER_SHOTS && { path: join(process.env.ERPSYNC_BROWSER_SHOTS, `report-${shop.version}.pdf`) }) });
  assert.ok(pdf.length > 10_000, `${pdf.length} bytes on paper`);
  assert.deepEqual(wrong, []);
  await page.context().close();
}
