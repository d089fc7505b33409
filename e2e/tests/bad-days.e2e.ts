/** Wrong input and lost servers, as the page says them; and the three ways out of a cluster (DESIGN §7). */
import { configureMain, joinSecondary } from '@proxpanel/testbed/join-servers';
import type { ConfiguredMain } from '@proxpanel/testbed/join-servers';
import { expect, test } from 'playwright/test';
import type { Locator, Page } from 'playwright/test';
import { expectEvent, fillJoinForm, nodeCard, saveSecret, testConnection } from './steps/cluster-page.ts';
import { addSubscriber, card, goToCluster, goToSubscribers, openClusterTab } from './steps/panel-page.ts';
import { testbedOfFile } from './steps/servers.ts';

const MAIN = 'DC1 Primary';
const SECOND = 'DC2 Standby';
const testbed = testbedOfFile({ mode: 'ports' }, ['main', 'second', 'spare']);
let configured: ConfiguredMain;

// One cluster lives through them in this order: what a test leaves behind is what the next one finds.
test.describe.configure({ mode: 'serial' });

test.beforeAll(async () => {
  configured = await configureMain(testbed().server('main'), MAIN);
  await joinSecondary(testbed().server('main'), testbed().server('second'), configured.clusterSecret, SECOND);
});

test('joining: a secret of 63 characters is refused before it is sent', async ({ browser }) => {
  const page = await openClusterTab(browser, testbed().server('spare'));
  const sent: string[] = [];
  page.on('request', (request) => sent.push(new URL(request.url()).pathname));
  await fillJoinForm(page, testbed().server('main').url, configured.clusterSecret.slice(1));
  const sentence = 'The cluster secret must be exactly 64 hexadecimal characters; this one has 63.';
  for (const button of ['Test Connection', 'Join Cluster']) {
    await page.getByRole('button', { name: button }).click();
    await expect(page.getByText(sentence)).toBeVisible();
  }
  expect(sent.filter((path) => /test-connection|setup-secondary/.test(path))).toEqual([]);
});

test('joining: a wrong secret and an unreachable main, each with what to do', async ({ browser }) => {
  const main = testbed().server('main');
  const page = await openClusterTab(browser, testbed().server('spare'));
  const form = await fillJoinForm(page, main.url, '0'.repeat(64));
  const wrong = await testConnection(page);
  await expect(failedChecks(wrong)).toContainText([/cluster secret mismatch.*What to do: .*64 hex/s]);
  await wrong.getByRole('button', { name: 'Close' }).click();
  await form.getByRole('checkbox', { name: /own database/ }).check();
  await form.getByRole('button', { name: 'Join Cluster' }).click();
  await expect(form.getByText('cluster secret mismatch').first()).toBeVisible();

  const unreachable = [
    { address: '127.0.0.1:9', says: /127\.0\.0\.1:9.*refuse.*What to do/s },
    { address: 'main.invalid', says: /main\.invalid.*What to do: Check the spelling/s },
  ];
  for (const { address, says } of unreachable) {
    await form.getByLabel('Main Server IP').fill(address);
    const dialog = await testConnection(page);
    await expect(failedChecks(dialog)).toContainText([says]);
    await dialog.getByRole('button', { name: 'Close' }).click();
  }
});

test('PostgreSQL stops: the page stays up, says so, and recovers by itself', async ({ browser }) => {
  const main = testbed().server('main');
  const page = await openClusterTab(browser, main);
  await expect(card(page, MAIN).getByText('takes writes', { exact: true })).toBeVisible();
  await main.postgres.stop('fast');
  await expect(card(page, MAIN).getByText('down', { exact: true })).toBeVisible({ timeout: 60_000 });
  await page.reload();
  await expect(card(page, MAIN).getByText('down', { exact: true })).toBeVisible();
  await expect(nodeCard(page, SECOND)).toBeVisible();
  await goToSubscribers(page);
  await expect(page.getByRole('alert')).toHaveText('PostgreSQL refuses connections: it is not running.', {
    timeout: 60_000,
  });
  await main.postgres.start();
  await goToCluster(page);
  await expect(card(page, MAIN).getByText('takes writes', { exact: true })).toBeVisible({ timeout: 60_000 });
  await addSubscriber(page, 'after-the-stop');
});

test('the panel itself stops: the page keeps what it shows and says how old that is', async ({ browser }) => {
  const main = testbed().server('main');
  const page = await openClusterTab(browser, main);
  await expect(nodeCard(page, SECOND)).toBeVisible();
  await main.bff.kill();
  const age = page.getByText(/^Shown data is \d+ s old; the server does not answer\.$/);
  await expect(age).toBeVisible({ timeout: 60_000 });
  await expect(nodeCard(page, SECOND)).toBeVisible();
  const before = await age.textContent();
  await expect(age).not.toHaveText(before ?? '');
  await main.bff.start();
  await main.bff.waitUntilReady();
  await expect(age).toBeHidden({ timeout: 60_000 });
  await expect(nodeCard(page, SECOND).getByText('online', { exact: true })).toBeVisible({ timeout: 60_000 });
});

test('"Leave Cluster" asks what becomes of the database, tells main and leaves a standalone server', async ({
  browser,
}) => {
  const [page, mainPage] = await openBoth('second');
  await page.getByRole('button', { name: 'Leave Cluster' }).click();
  const dialog = page.getByRole('dialog');
  await expect(dialog.getByRole('button', { name: 'Leave Cluster' })).toBeDisabled();
  await expect(dialog.getByText('Choose what becomes of the database first.')).toBeVisible();
  await dialog.getByRole('radio', { name: 'Promote it out of recovery' }).check();
  await dialog.getByRole('button', { name: 'Leave Cluster' }).click();
  await expect(dialog.getByText(/Its database was promoted and accepts writes. Main was told./)).toBeVisible({
    timeout: 60_000,
  });
  await dialog.getByRole('button', { name: 'Close' }).click();
  await expect(page.getByRole('button', { name: 'Join as Secondary' })).toBeEnabled({ timeout: 60_000 });
  await expect(nodeCard(mainPage, SECOND)).toBeHidden({ timeout: 60_000 });
  await expectEvent(mainPage, 'Node left');
  await addSubscriber(page, 'on-its-own');

  async function openBoth(name: string): Promise<[Page, Page]> {
    return [
      await openClusterTab(browser, testbed().server(name)),
      await openClusterTab(browser, testbed().server('main')),
    ];
  }
});

test('"×" removes a server after asking, shows the new secret, and the removed server says so', async ({ browser }) => {
  const [main, second] = [testbed().server('main'), testbed().server('second')];
  await joinSecondary(main, second, configured.clusterSecret, SECOND);
  const page = await openClusterTab(browser, main);
  const removedPage = await openClusterTab(browser, second);
  await nodeCard(page, SECOND)
    .getByRole('button', { name: `Remove ${SECOND}` })
    .click();
  const dialog = page.getByRole('dialog', { name: `Remove ${SECOND}?` });
  await expect(dialog.getByText(/is dropped, so the main server keeps no more WAL/)).toBeVisible();
  await dialog.getByRole('button', { name: 'Remove', exact: true }).click();
  const secretDialog = page.getByRole('dialog', { name: 'Save this secret now' });
  await expect(secretDialog).toBeVisible({ timeout: 60_000 });
  const secret = await saveSecret(page, secretDialog);
  expect(secret).not.toBe(configured.clusterSecret);
  configured = { ...configured, clusterSecret: secret };
  await expect(nodeCard(page, SECOND)).toBeHidden({ timeout: 60_000 });
  await expectEvent(page, 'Node removed');
  await expect(removedPage.getByText(/^Main has removed this server from the cluster/)).toBeVisible({
    timeout: 60_000,
  });
  const slots = await main.postgres.query(`SELECT slot_name FROM pg_replication_slots`);
  expect(slots).toEqual([]);
});

test('"Disband Cluster" asks, keeps all data, lists the slots, and the secondary says so', async ({ browser }) => {
  const [main, spare] = [testbed().server('main'), testbed().server('spare')];
  const { slotName } = await joinSecondary(main, spare, configured.clusterSecret, 'DC3 Spare');
  const page = await openClusterTab(browser, main);
  const sparePage = await openClusterTab(browser, spare);
  await page.getByRole('button', { name: 'Disband Cluster' }).click();
  const dialog = page.getByRole('dialog');
  await expect(dialog.getByText('Every server keeps its data', { exact: false })).toBeVisible();
  await dialog.getByRole('button', { name: 'Disband Cluster' }).click();
  const done = page.getByRole('dialog', { name: 'The cluster is disbanded' });
  await expect(done.getByRole('code')).toContainText(`pg_drop_replication_slot('${slotName}')`, { timeout: 60_000 });
  await done.getByRole('button', { name: 'Close' }).click();
  await expect(page.getByRole('button', { name: 'Configure as Main Server' })).toBeEnabled({ timeout: 60_000 });
  await expect(sparePage.getByText('The cluster was disbanded on main.', { exact: false })).toBeVisible({
    timeout: 60_000,
  });
  await expect(sparePage.getByRole('button', { name: 'Promote to Main' })).toBeHidden();
  await addSubscriber(page, 'after-the-cluster');
});

function failedChecks(dialog: Locator): Locator {
  return dialog
    .getByRole('list', { name: 'Checks' })
    .getByRole('listitem')
    .filter({ hasText: /^failed/ });
}
