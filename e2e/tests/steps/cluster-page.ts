/** What an admin does on Settings → Cluster, in the words that stand there. */
import { readFile } from 'node:fs/promises';
import type { CommandResult } from '@proxpanel/testbed/command';
import type { TestServer } from '@proxpanel/testbed/server';
import { expect } from 'playwright/test';
import type { Locator, Page } from 'playwright/test';
import { card } from './panel-page.ts';

/** "Configure as Main Server" up to the dialog with the secret. */
export async function configureAsMain(page: Page, displayName: string): Promise<Locator> {
  await page.getByRole('button', { name: 'Configure as Main Server' }).click();
  const form = card(page, 'Configure as Main Server');
  await form.getByPlaceholder('DC1 Primary').fill(displayName);
  await form.getByRole('button', { name: 'Configure', exact: true }).click();
  const dialog = page.getByRole('dialog', { name: 'Save this secret now' });
  await expect(dialog).toBeVisible();
  return dialog;
}

/** Copies the secret onto the clipboard, and closes the dialog, which it lets nobody do before. */
export async function saveSecret(page: Page, dialog: Locator): Promise<string> {
  const field = dialog.getByLabel('Cluster Secret');
  await expect(field).toHaveAttribute('type', 'password');
  await expect(dialog.getByRole('button', { name: 'Close' })).toBeDisabled();
  await page.keyboard.press('Escape');
  await expect(dialog).toBeVisible();
  await dialog.getByRole('button', { name: 'Copy the cluster secret' }).click();
  await expect(dialog.getByRole('button', { name: 'Copied' })).toBeVisible();
  await dialog.getByRole('button', { name: 'Show' }).click();
  await expect(field).toHaveAttribute('type', 'text');
  const secret = await field.inputValue();
  expect(secret).toMatch(/^[0-9a-f]{64}$/);
  await dialog.getByRole('checkbox', { name: 'I have saved it' }).check();
  await dialog.getByRole('button', { name: 'Close' }).click();
  await expect(dialog).toBeHidden();
  return secret;
}

/** Opens "Join as Secondary" and fills in where main is and its secret. */
export async function fillJoinForm(page: Page, mainAddress: string, secret: string): Promise<Locator> {
  await page.getByRole('button', { name: 'Join as Secondary' }).click();
  const form = card(page, 'Join as Secondary');
  await form.getByLabel('Main Server IP').fill(mainAddress);
  await form.getByLabel('Cluster Secret').fill(secret);
  return form;
}

/** "Test Connection": the dialog once it has an answer. */
export async function testConnection(page: Page): Promise<Locator> {
  await page.getByRole('button', { name: 'Test Connection' }).click();
  const dialog = page.getByRole('dialog', { name: 'Test Connection' });
  await expect(dialog.getByRole('list', { name: 'Checks' })).toBeVisible({ timeout: 60_000 });
  return dialog;
}

/** "Join Cluster", with what has to be understood first; ends at the page with the script. */
export async function joinCluster(page: Page, displayName: string): Promise<Locator> {
  const form = card(page, 'Join as Secondary');
  await form.getByLabel('Display name').fill(displayName);
  await form.getByRole('checkbox', { name: /own database/ }).check();
  await form.getByRole('button', { name: 'Join Cluster' }).click();
  const clone = clonePart(page);
  await expect(clone).toBeVisible({ timeout: 60_000 });
  return clone;
}

/** The part with the script and its phases, before and while it runs. */
export function clonePart(page: Page): Locator {
  return card(page, /clone the main server’s database|Cloning the main server’s database/);
}

/** The one-line command that the page shows, once its script is seen to be the very one that the page serves. */
export async function readScriptCommand(page: Page): Promise<string> {
  const clone = clonePart(page);
  const command = await clone.getByRole('code').first().innerText();
  await clone.getByText('Read the script first').click();
  const shown = clone.getByLabel('setup_replica.sh');
  await expect(shown).toContainText('pipefail');
  const download = page.waitForEvent('download');
  await clone.getByRole('link', { name: 'Download' }).click();
  const served = await readFile(await (await download).path(), 'utf8');
  expect(await shown.textContent()).toBe(served);
  const path = /^bash (\S+)$/.exec(command)?.[1];
  expect(await readFile(path ?? '', 'utf8')).toBe(served);
  return command;
}

/** Types a command into a shell of that server, as an admin who copied it from the page. */
export function runInShell(server: TestServer, command: string): Promise<CommandResult> {
  return server.run(['bash', '-c', command], { timeoutMs: 180_000 });
}

/** One server of the list "Servers". */
export function nodeCard(page: Page, displayName: string): Locator {
  return card(page, 'Servers').getByRole('article', { name: displayName });
}

/** The value beside a word of a definition list. */
export function fact(part: Locator, label: string): Locator {
  return part
    .getByRole('term')
    .filter({ hasText: new RegExp(`^${label}$`) })
    .locator('xpath=following-sibling::dd');
}

/** Waits until the list shows that server online, streaming and without lag. */
export async function expectStreaming(page: Page, displayName: string): Promise<void> {
  const node = nodeCard(page, displayName);
  await expect(node.getByText('online', { exact: true })).toBeVisible({ timeout: 90_000 });
  await expect(fact(node, 'Replication')).toHaveText('streaming', { timeout: 60_000 });
  await expect(fact(node, 'Lag')).toHaveText('0 B · 0 s', { timeout: 60_000 });
}

/** Waits until the event list has a line with that text. */
export async function expectEvent(page: Page, text: string | RegExp): Promise<void> {
  await expect(eventLines(page).filter({ hasText: text }).first()).toBeVisible({ timeout: 60_000 });
}

function eventLines(page: Page): Locator {
  return page.getByRole('list', { name: 'Events' }).getByRole('listitem');
}
