import { join } from 'node:path';
import type { Page } from 'playwright/test';

const directory = join(import.meta.dirname, '../../../docs/pictures');

/**
 * Takes a picture of the top of the page for the README, 1280 px wide; only when UPDATE_PICTURES=1, so that a test run
 * changes no file.
 */
export async function takePicture(page: Page, name: string, heightPx: number): Promise<void> {
  if (process.env['UPDATE_PICTURES'] !== '1') return;
  const before = page.viewportSize();
  for (const toast of await page.getByRole('button', { name: 'Close toast' }).all()) await toast.click();
  await page.setViewportSize({ width: 1_280, height: heightPx });
  await page.evaluate('window.scrollTo(0, 0)');
  await page.screenshot({ path: join(directory, `${name}.png`), animations: 'disabled' });
  if (before !== null) await page.setViewportSize(before);
}
