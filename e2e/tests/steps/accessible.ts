import { AxeBuilder } from '@axe-core/playwright';
import { expect } from 'playwright/test';
import type { Page } from 'playwright/test';

/**
 * Holds what is shown against axe's rules, light and dark. `part` is a selector: an open dialog hides all else from
 * whoever cannot see the page.
 */
export async function expectAccessible(page: Page, view: string, part = 'html'): Promise<void> {
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    const { violations } = await new AxeBuilder({ page }).include(part).analyze();
    const found = violations.map(({ id, impact, nodes }) => ({ id, impact, html: nodes.map((node) => node.html) }));
    expect(found, `${view}, ${colorScheme}`).toEqual([]);
  }
}
