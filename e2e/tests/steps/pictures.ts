import { join } from 'node:path';
import type { Page } from 'playwright/test';

const directory = join(import.meta.dirname, '../../../docs/pictures');

/** Takes a picture for the README, 1280 px wide; only when UPDATE_PICTURES=1, so that a test run changes no file. */
export async function takePicture(page: Page, name: string): Promise<void> {
  if (process.env['UPDATE_PICTURES'] !== '1') return;
  await page.screenshot({ path: join(directory, `${name}.png`), animations: 'disabled', fullPage: true });
}
