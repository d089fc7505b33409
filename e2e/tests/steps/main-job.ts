/** The main job of the product on two standalone servers, through the page alone: what an admin does with it. */
import type { TestServer } from '@proxpanel/testbed/server';
import { expect, test } from 'playwright/test';
import type { Browser, Page } from 'playwright/test';
import { withCheckpointsHeld } from './checkpoints.ts';
import {
  clonePart,
  configureAsMain,
  expectEvent,
  expectStreaming,
  fact,
  fillJoinForm,
  joinCluster,
  nodeCard,
  readScriptCommand,
  runInShell,
  saveSecret,
  testConnection,
} from './cluster-page.ts';
import {
  addSubscriber,
  card,
  expectReadOnly,
  findSubscriber,
  goToCluster,
  goToSubscribers,
  openClusterTab,
} from './panel-page.ts';
import { takePicture } from './pictures.ts';

const MAIN = 'DC1 Primary';
const SECONDARY = 'DC2 Secondary';

interface Pages {
  main: Page;
  secondary: Page;
}

/** Configure, copy the secret, test, join, run the script, replicate, refuse, lose main, promote, write again. */
export async function doTheMainJob(browser: Browser, main: TestServer, secondary: TestServer): Promise<void> {
  const pages = await test.step('sign in on both', async () => ({
    main: await openClusterTab(browser, main),
    secondary: await openClusterTab(browser, secondary),
  }));
  const secret = await test.step('configure main and copy its secret', () => configure(pages.main, main));
  await test.step('test the connection and join', () => join(pages, main, secret));
  await test.step('run the script that the page served', () => clone(pages, main, secondary));
  await test.step('write on main, read on the secondary', () => replicate(pages));
  await test.step('a write on the secondary is refused', () => refuseWrite(pages.secondary, main));
  await test.step('main is killed and the secondary says so', () => loseMain(pages.secondary, main));
  await test.step('promote through the page', () => promote(pages.secondary));
  await test.step('write on the new main', () => goOn(pages.secondary));
}

async function configure(page: Page, main: TestServer): Promise<string> {
  await expect(page.getByRole('button', { name: 'Configure as Main Server' })).toBeEnabled();
  const dialog = await configureAsMain(page, MAIN);
  // A fresh PostgreSQL has no wal_log_hints: the dialog says that a restart is due, and how it is done.
  await expect(dialog.getByText('PostgreSQL has to be restarted once')).toBeVisible();
  await expect(dialog.getByRole('code').filter({ hasText: main.postgres.dataDirectory })).toContainText('restart');
  await expect(dialog.getByText('host replication replicator')).toBeVisible();
  const secret = await saveSecret(page, dialog);
  await main.postgres.stop('fast');
  await main.postgres.start();
  await expect(page.getByText('PostgreSQL has to be restarted')).toBeHidden({ timeout: 60_000 });
  await expect(nodeCard(page, MAIN).getByText('online', { exact: true })).toBeVisible();
  await expectEvent(page, 'Main configured');
  return secret;
}

async function join({ main: mainPage, secondary: page }: Pages, main: TestServer, secret: string): Promise<void> {
  const form = await fillJoinForm(page, main.url, '');
  // What "Copy" put on the clipboard is pasted, as a person does it.
  await form.getByLabel('Cluster Secret').click();
  await page.keyboard.press('ControlOrMeta+V');
  await expect(form.getByLabel('Cluster Secret')).toHaveValue(secret);
  const dialog = await testConnection(page);
  await expect(dialog.getByText(`Everything needed is in place to join “${MAIN}”.`)).toBeVisible();
  const checks = dialog.getByRole('list', { name: 'Checks' }).getByRole('listitem');
  expect(await checks.count()).toBeGreaterThanOrEqual(10);
  for (const check of await checks.all()) await expect(check).toContainText(/^(ok|warning)/);
  await dialog.getByRole('button', { name: 'Close' }).click();
  await joinCluster(page, SECONDARY);
  await expect(nodeCard(mainPage, SECONDARY).getByText('joining', { exact: true })).toBeVisible();
}

async function clone({ main: mainPage, secondary: page }: Pages, main: TestServer, secondary: TestServer) {
  await takePicture(page, 'cluster-join-script', 800);
  const command = await readScriptCommand(page);
  const steps = clonePart(page).getByRole('list', { name: 'Steps of the clone' }).getByRole('listitem');
  await expect(steps.filter({ hasText: 'Clone the main database' })).toContainText('not yet');
  // The base backup begins with a checkpoint of main. Holding it leaves the script in that phase until it has been seen.
  const running = await withCheckpointsHeld(main.postgres, async () => {
    const script = runInShell(secondary, command);
    await expect(steps.filter({ hasText: 'Stop PostgreSQL' })).toContainText('done', { timeout: 60_000 });
    await expect(steps.filter({ hasText: 'Put the old data aside' })).toContainText('done', { timeout: 60_000 });
    await expect(steps.filter({ hasText: 'Clone the main database' })).toContainText('running', { timeout: 60_000 });
    await expect(nodeCard(mainPage, SECONDARY).getByText('syncing', { exact: true })).toBeVisible({ timeout: 60_000 });
    return { script };
  });
  const ended = await running.script;
  expect(ended, ended.stderr).toMatchObject({ exitCode: 0 });
  // Neither page was loaded anew, nor was anybody asked to sign in again.
  await expect(clonePart(page)).toBeHidden({ timeout: 60_000 });
  await expect(page.getByText(/before-join/)).toBeVisible();
  await expectStreaming(mainPage, SECONDARY);
  await expectStreaming(page, SECONDARY);
  await expect(fact(nodeCard(mainPage, SECONDARY), 'Slot')).toHaveText('replica_2');
  await expectEvent(mainPage, 'Node joined');
  await expectEvent(page, 'Main configured');
}

async function replicate({ main: mainPage, secondary: page }: Pages): Promise<void> {
  await addSubscriber(mainPage, 'amina');
  await findSubscriber(page, 'amina');
  await goToCluster(mainPage);
  await expectStreaming(mainPage, SECONDARY);
  for (const name of [MAIN, SECONDARY]) await expect(fact(nodeCard(mainPage, name), 'Subscribers')).toHaveText('1');
  await takePicture(mainPage, 'cluster-main', 1_215);
}

async function refuseWrite(page: Page, main: TestServer): Promise<void> {
  await goToSubscribers(page);
  await expectReadOnly(page, main.url, ['Add subscriber']);
  const direct = await page.request.post('/api/subscribers', { data: { username: 'nobody' } });
  expect(direct.status()).toBe(503);
  expect(await direct.json()).toMatchObject({ error: 'secondary server is read-only', code: 'READ_ONLY' });
  expect(direct.headers()).toMatchObject({ 'x-main-server': main.url, 'retry-after': expect.any(String) });
}

async function loseMain(page: Page, main: TestServer): Promise<void> {
  await goToCluster(page);
  await main.kill();
  await expect(nodeCard(page, MAIN).getByText('offline', { exact: true })).toBeVisible({ timeout: 90_000 });
  await expect(fact(nodeCard(page, SECONDARY), 'Lag')).toHaveText('unknown', { timeout: 60_000 });
  // Main takes no more of them, and what is sent to nobody is no heartbeat.
  const indicators = page.getByRole('list', { name: 'Indicators' });
  await expect(indicators.getByText(/The last heartbeat of the secondary came ([2-9]|\d\d+) s ago/)).toBeVisible();
}

async function promote(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Promote to Main' }).click();
  const dialog = page.getByRole('dialog', { name: 'Promote to Main' });
  await expect(dialog.getByText('Loss forecast')).toBeVisible();
  // DESIGN §5: main is silent and nothing warns, so one click is all that is asked.
  await expect(dialog.getByLabel(/Type the display name/)).toBeHidden();
  await dialog.getByLabel('Reason (optional)').fill('The first data centre has no power');
  await takePicture(page, 'cluster-promote', 900);
  await dialog.getByRole('button', { name: 'Promote to Main' }).click();
  const phases = dialog.getByRole('list', { name: 'Phases of Emergency promotion' });
  await expect(phases.getByRole('listitem').filter({ hasText: 'Promote the database' })).toContainText('done', {
    timeout: 60_000,
  });
  await expect(dialog.getByText(`"${SECONDARY}" is the main server.`)).toBeVisible({ timeout: 60_000 });
  await expect(phases.getByText('failed')).toBeHidden();
  await dialog.getByRole('button', { name: 'Close' }).click();
}

async function goOn(page: Page): Promise<void> {
  const overview = card(page, SECONDARY);
  await expect(fact(overview, 'Main server')).toHaveText(SECONDARY);
  await expect(fact(overview, 'Term')).toHaveText('2');
  await expect(overview.getByText('takes writes', { exact: true })).toBeVisible();
  await expectEvent(page, 'Promote requested');
  await expectEvent(page, 'Failover completed');
  await addSubscriber(page, 'bilal');
  await findSubscriber(page, 'amina');
  await goToCluster(page);
}
