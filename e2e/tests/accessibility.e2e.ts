/** Every view and every dialog of the panel against axe's rules, light and dark. */
import { joinServers } from '@proxpanel/testbed/join-servers';
import { expect, test } from 'playwright/test';
import type { Page } from 'playwright/test';
import { expectAccessible } from './steps/accessible.ts';
import { configureAsMain, expectStreaming, fillJoinForm, testConnection } from './steps/cluster-page.ts';
import { goToSubscribers, openClusterTab, openPanel, sendSignIn } from './steps/panel-page.ts';
import { testbedOfFile } from './steps/servers.ts';

const testbed = testbedOfFile({ mode: 'ports' }, ['main', 'secondary', 'alone']);
const STANDBY = 'DC2 Standby';

test.beforeAll(async () => {
  await joinServers(testbed().server('main'), testbed().server('secondary'));
});

test('the sign-in page, also with a refusal on it', async ({ browser }) => {
  const page = await openPanel(browser, testbed().server('main'));
  await expect(page.getByRole('button', { name: 'Sign in' })).toBeVisible();
  await expectAccessible(page, 'sign-in');
  await sendSignIn(page, 'admin', 'wrong');
  await expect(page.getByRole('alert')).toBeVisible();
  await expectAccessible(page, 'sign-in refused');
});

test('the tab of a main server and its dialogs', async ({ browser }) => {
  const page = await openClusterTab(browser, testbed().server('main'));
  await expectStreaming(page, STANDBY);
  await expectAccessible(page, 'main');
  for (const name of ['Change settings', 'Rotate secret', 'Disband Cluster', `Remove ${STANDBY}`]) {
    await expectDialogAccessible(page, name);
  }
  await goToSubscribers(page);
  await expectAccessible(page, 'subscribers');
});

test('the tab of a secondary server and its dialogs', async ({ browser }) => {
  const page = await openClusterTab(browser, testbed().server('secondary'));
  await expectStreaming(page, STANDBY);
  await expectAccessible(page, 'secondary');
  for (const name of ['Promote to Main', 'Leave Cluster']) await expectDialogAccessible(page, name);
});

test('the tab of a standalone server, its forms, the test of the connection and the secret', async ({ browser }) => {
  const server = testbed().server('alone');
  const page = await openClusterTab(browser, server);
  await expect(page.getByRole('button', { name: 'Join as Secondary' })).toBeEnabled();
  await expectAccessible(page, 'standalone');
  await fillJoinForm(page, server.url, 'ab'.repeat(32));
  await expectAccessible(page, 'join form');
  await testConnection(page);
  await expectAccessible(page, 'test connection', '[role=dialog]');
  await page.getByRole('button', { name: 'Close' }).click();
  await page.getByRole('button', { name: 'Back' }).click();
  await configureAsMain(page, 'Alone');
  await expectAccessible(page, 'secret', '[role=dialog]');
});

async function expectDialogAccessible(page: Page, button: string): Promise<void> {
  await page.getByRole('button', { name: button }).click();
  await expect(page.getByRole('dialog')).toBeVisible();
  await expectAccessible(page, button, '[role=dialog]');
  await page.keyboard.press('Escape');
  await expect(page.getByRole('dialog')).toBeHidden();
  // Whoever works without a pointer is back where the dialog was opened.
  await expect(page.getByRole('button', { name: button })).toBeFocused();
}
