/** The panel around the cluster on two real servers: forms, two editors of one row, CSV, and the page of a copy. */
import { readFile } from 'node:fs/promises';
import { joinServers } from '@proxpanel/testbed/join-servers';
import { expect, test } from 'playwright/test';
import type { Browser, Locator, Page } from 'playwright/test';
import { expectAccessible } from './steps/accessible.ts';
import { card, expectReadOnly, findSubscriber, goToSubscribers, openPanel, sendSignIn } from './steps/panel-page.ts';
import { testbedOfFile } from './steps/servers.ts';

const testbed = testbedOfFile({ mode: 'ports' }, ['main', 'secondary']);
const SERVICE = 'Silver 20';
const SUBSCRIBER = 'amina@north';

// What one test writes is what the next one reads.
test.describe.configure({ mode: 'serial' });

test.beforeAll(async () => {
  await joinServers(testbed().server('main'), testbed().server('secondary'));
});

async function openSignedIn(browser: Browser, name: 'main' | 'secondary', path: string): Promise<Page> {
  const server = testbed().server(name);
  const page = await openPanel(browser, server, path);
  await sendSignIn(page, 'admin', server.adminPassword);
  await expect(page.getByRole('navigation', { name: 'Panel' })).toBeVisible();
  return page;
}

async function openEditor(page: Page): Promise<Locator> {
  await page.getByRole('button', { name: `Edit ${SUBSCRIBER}` }).click();
  const dialog = page.getByRole('dialog', { name: `Edit ${SUBSCRIBER}` });
  await expect(dialog).toBeVisible();
  return dialog;
}

test('an admin makes a service and a subscriber who has it; what is wrong is said beside its field', async ({
  browser,
}) => {
  const page = await openSignedIn(browser, 'main', '/services');
  await page.getByRole('button', { name: 'Add service' }).click();
  const service = page.getByRole('dialog', { name: 'Add a service' });
  await service.getByLabel('Name').fill(SERVICE);
  await service.getByLabel(/^Price/).fill('19.999');
  await service.getByLabel('Download (Mbit/s)').fill('20');
  await service.getByLabel('Upload (Mbit/s)').fill('0.512');
  await service.getByRole('button', { name: 'Add service' }).click();
  await expect(service.getByLabel(/^Price/)).toHaveAccessibleDescription('Type a price such as 12.50.');
  await expect(service.getByLabel(/^Price/)).toBeFocused();
  await service.getByLabel(/^Price/).fill('19.99');
  await service.getByRole('button', { name: 'Add service' }).click();
  await expect(page.getByRole('cell', { name: '20 Mbit/s / 0.512 Mbit/s' })).toBeVisible();

  await goToSubscribers(page);
  await page.getByRole('button', { name: 'Add subscriber' }).click();
  const added = page.getByRole('dialog', { name: 'Add a subscriber' });
  await added.getByLabel('User name').fill(SUBSCRIBER);
  await added.getByLabel('Password').fill('a-password-of-amina');
  await added.getByLabel('Service').selectOption(SERVICE);
  await added.getByRole('button', { name: 'Add subscriber' }).click();
  await expect(page.getByRole('cell', { name: SUBSCRIBER, exact: true })).toBeVisible();
  await page.getByRole('button', { name: 'Add subscriber' }).click();
  const again = page.getByRole('dialog', { name: 'Add a subscriber' });
  await again.getByLabel('User name').fill(SUBSCRIBER);
  await again.getByRole('button', { name: 'Add subscriber' }).click();
  await expect(again.getByLabel('User name')).toHaveAccessibleDescription(/already/);
});

test('of two who edit one row the second is told, and loads the newer one without losing what was typed', async ({
  browser,
}) => {
  const first = await openSignedIn(browser, 'main', '/subscribers');
  const second = await openSignedIn(browser, 'main', '/subscribers');
  const firstEditor = await openEditor(first);
  const secondEditor = await openEditor(second);
  await firstEditor.getByLabel('Note').fill('moved to the north');
  await firstEditor.getByRole('button', { name: 'Save' }).click();
  await expect(firstEditor).toBeHidden();

  await secondEditor.getByLabel('Note').fill('pays in cash');
  await secondEditor.getByRole('button', { name: 'Save' }).click();
  await expect(secondEditor.getByRole('alert')).toContainText('changed by somebody else');
  await expect(secondEditor.getByLabel('Note')).toHaveValue('pays in cash');
  await secondEditor.getByRole('button', { name: 'Load the newer one' }).click();
  await expect(secondEditor.getByText('Note: “pays in cash”, now “moved to the north”')).toBeVisible();
  await secondEditor.getByLabel('Note').fill('moved to the north, pays in cash');
  await secondEditor.getByRole('button', { name: 'Save' }).click();
  await expect(secondEditor).toBeHidden();
  await second.getByRole('link', { name: SUBSCRIBER }).click();
  await expect(second.getByText('moved to the north, pays in cash')).toBeVisible();
});

test('the CSV that the page leads to holds the row, and a filter that it does not match leaves it out', async ({
  browser,
}) => {
  const page = await openSignedIn(browser, 'main', '/subscribers');
  const all = await downloadCsv(page);
  expect(all.split('\r\n')[0]).toContain('username');
  expect(all).toContain(SUBSCRIBER);
  await page.getByLabel('State').selectOption('Inactive');
  await expect(page).toHaveURL(/state=inactive/);
  await expect(page.getByText('Nobody matches.')).toBeVisible();
  expect(await downloadCsv(page)).not.toContain(SUBSCRIBER);
});

async function downloadCsv(page: Page): Promise<string> {
  const download = page.waitForEvent('download');
  await page.getByRole('link', { name: 'Export as CSV' }).click();
  return readFile(await (await download).path(), 'utf8');
}

test('the secondary reads the row, and its page is that of a copy', async ({ browser }) => {
  const mainUrl = testbed().server('main').url;
  const page = await openSignedIn(browser, 'secondary', '/subscribers');
  await findSubscriber(page, SUBSCRIBER);
  await expectReadOnly(page, mainUrl, ['Add subscriber', `Edit ${SUBSCRIBER}`]);
  await page.getByRole('link', { name: SUBSCRIBER }).click();
  await expect(page.getByRole('heading', { name: SUBSCRIBER })).toBeVisible();
  await expectReadOnly(page, mainUrl, ['Edit', 'Remove']);
  await page.getByRole('navigation', { name: 'Panel' }).getByRole('link', { name: 'Services' }).click();
  await expect(page.getByRole('cell', { name: SERVICE, exact: true })).toBeVisible();
  await expectReadOnly(page, mainUrl, ['Add service', `Edit ${SERVICE}`, `Remove ${SERVICE}`]);
  await expectAccessible(page, 'read-only services');
});

/** Each page by its address, and what is there once it has been read. */
const PAGES: readonly [address: string, shown: (page: Page) => Locator][] = [
  ['/dashboard', (page) => page.getByRole('list', { name: 'Counts' })],
  ['/subscribers', (page) => page.getByRole('cell', { name: SUBSCRIBER, exact: true })],
  ['/services', (page) => page.getByRole('list', { name: 'Services and their rules' })],
  ['/routers', (page) => card(page, 'RADIUS address')],
  ['/resellers', (page) => page.getByText('There is no reseller yet.')],
  ['/invoices', (page) => page.getByText('There is no invoice yet.')],
  ['/audit-log', (page) => page.getByRole('cell', { name: new RegExp('subscriber') }).first()],
  ['/settings/company', (page) => page.getByRole('button', { name: 'Change' })],
  ['/settings/branding', (page) => page.getByRole('button', { name: 'Upload Logo' })],
  ['/settings/license', (page) => page.getByRole('list', { name: 'Versions' })],
];

test('every page of the panel, wide and narrow, against axe’s rules', async ({ browser }) => {
  // A dozen pages, of which each takes axe seconds on a busy machine.
  test.setTimeout(720_000);
  const page = await openSignedIn(browser, 'main', '/dashboard');
  for (const [address, shown] of PAGES) {
    await page.goto(address);
    await expect(shown(page)).toBeVisible();
    await expectAccessible(page, address);
  }
  await page.setViewportSize({ width: 390, height: 800 });
  for (const [address, shown] of PAGES) {
    await page.goto(address);
    await expect(shown(page)).toBeVisible();
    // Nothing but a table, in a frame of its own, scrolls sideways.
    expect(await page.evaluate('document.documentElement.scrollWidth'), address).toBe(390);
  }
  await page.getByRole('button', { name: 'Menu' }).click();
  await expectAccessible(page, 'the menu of a narrow page');
  await page.getByRole('navigation', { name: 'Panel' }).getByRole('link', { name: 'Subscribers' }).click();
  await page.getByRole('button', { name: 'Add subscriber' }).click();
  await expect(page.getByRole('dialog')).toBeVisible();
  await expectAccessible(page, 'the form of a narrow page', '[role=dialog]');
});
