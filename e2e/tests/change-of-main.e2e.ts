/** What an admin does about the main server while both are well: a hold, a rehearsal, a planned switchover (SAFETY §1, §4). */
import { configureMain, joinSecondary } from '@proxpanel/testbed/join-servers';
import { expect, test } from 'playwright/test';
import { expectEvent, expectStreaming, fact } from './steps/cluster-page.ts';
import { card, openClusterTab } from './steps/panel-page.ts';
import { takePicture } from './steps/pictures.ts';
import { testbedOfFile } from './steps/servers.ts';

const MAIN = 'DC1 Primary';
const SECOND = 'DC2 Standby';
const testbed = testbedOfFile({ mode: 'ports' }, ['main', 'second']);

// The second test promotes what the first one leaves as it was.
test.describe.configure({ mode: 'serial' });

test.beforeAll(async () => {
  const configured = await configureMain(testbed().server('main'), MAIN);
  await joinSecondary(testbed().server('main'), testbed().server('second'), configured.clusterSecret, SECOND);
});

test('"Hold automatic failover" asks why, stands on both pages, and is ended on either', async ({ browser }) => {
  const main = await openClusterTab(browser, testbed().server('main'));
  await card(main, 'Automatic failover').getByRole('button', { name: 'Hold automatic failover' }).click();
  const dialog = main.getByRole('dialog', { name: 'Hold automatic failover' });
  const hold = dialog.getByRole('button', { name: 'Hold', exact: true });
  await expect(hold).toBeDisabled();
  await expect(dialog.getByText('Say why first.')).toBeVisible();
  await dialog.getByRole('radio', { name: /2 hours/ }).check();
  await dialog.getByLabel('Reason').fill('Work on the link');
  await hold.click();
  await expect(dialog).toBeHidden();
  const sentence = /On hold until .*set by admin: Work on the link/;
  await expect(card(main, 'Automatic failover').getByText(sentence)).toBeVisible();

  const second = await openClusterTab(browser, testbed().server('second'));
  const there = card(second, 'Automatic failover');
  await expect(there.getByText(sentence)).toBeVisible({ timeout: 60_000 });
  await there.getByRole('button', { name: 'End the hold' }).click();
  await expect(there.getByText(sentence)).toBeHidden();
  await expect(card(main, 'Automatic failover').getByText(sentence)).toBeHidden({ timeout: 60_000 });
});

test('a planned switchover from the secondary’s page: rehearsed, followed phase by phase, both sides streaming after it', async ({
  browser,
}) => {
  const main = await openClusterTab(browser, testbed().server('main'));
  const page = await openClusterTab(browser, testbed().server('second'));
  await expectStreaming(page, SECOND);
  await page.getByRole('button', { name: 'Promote to Main' }).click();
  const dialog = page.getByRole('dialog', { name: 'Promote to Main' });
  await expect(dialog.getByText(/Nothing is lost; writes pause/)).toBeVisible();
  await dialog.getByRole('button', { name: 'Rehearse' }).click();
  await expect(dialog.getByText('Both servers are ready for a planned switchover.')).toBeVisible({ timeout: 60_000 });
  // DESIGN §5: nothing is lost and nothing warns, so one click is all that is asked.
  await expect(dialog.getByLabel(/Type the display name/)).toBeHidden();
  await dialog.getByLabel('Reason (optional)').fill('New memory for DC1');
  await dialog.getByRole('button', { name: 'Promote to Main' }).click();
  const phases = dialog.getByRole('list', { name: 'Phases of Planned switchover' });
  await expect(phases.getByRole('listitem').filter({ hasText: 'Promote the database' })).toContainText('done', {
    timeout: 60_000,
  });
  await expect(phases.getByText('failed')).toBeHidden();
  await takePicture(page, 'cluster-switchover', 1_000);
  await dialog.getByRole('button', { name: 'Close' }).click();

  await expect(fact(card(page, SECOND), 'Main server')).toHaveText(SECOND, { timeout: 60_000 });
  await expectStreaming(page, MAIN);
  await expectStreaming(main, MAIN);
  await expect(fact(card(main, MAIN), 'Main server')).toHaveText(SECOND);
  await expectEvent(page, 'Switchover completed');
});
