/** What a person does on any page of the panel, by role and label alone. */
import type { TestServer } from '@proxpanel/testbed/server';
import { expect } from 'playwright/test';
import type { Browser, Locator, Page } from 'playwright/test';

/**
 * A browser of its own for one server: a cookie knows no port, so two servers on one address would share a session.
 * It uses the address by which other servers call this one.
 */
export async function openPanel(browser: Browser, server: TestServer, path = '/'): Promise<Page> {
  const context = await browser.newContext({ baseURL: server.url });
  const page = await context.newPage();
  await page.goto(path);
  return page;
}

/** Fills the sign-in form and sends it; what follows is the caller's to expect. */
export async function sendSignIn(page: Page, username: string, password: string): Promise<void> {
  await page.getByLabel('User name').fill(username);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Sign in' }).click();
}

/** Opens Settings → Cluster by its deep link and signs in as the admin, who is then led back to it. */
export async function openClusterTab(browser: Browser, server: TestServer): Promise<Page> {
  const page = await openPanel(browser, server, '/settings/cluster');
  await sendSignIn(page, 'admin', server.adminPassword);
  await expect(page.getByRole('heading', { name: 'Settings', exact: true })).toBeVisible();
  await expect(page).toHaveURL(/\/settings\/cluster$/);
  return page;
}

/** Goes to Settings → Cluster by the panel's own links. */
export async function goToCluster(page: Page): Promise<void> {
  await page.getByRole('navigation', { name: 'Panel' }).getByRole('link', { name: 'Settings' }).click();
  await page.getByRole('navigation', { name: 'Settings' }).getByRole('link', { name: 'Cluster' }).click();
}

/** Goes to the list of subscribers by the panel's own links. */
export async function goToSubscribers(page: Page): Promise<void> {
  await page.getByRole('navigation', { name: 'Panel' }).getByRole('link', { name: 'Subscribers' }).click();
  await expect(page.getByRole('heading', { name: 'Subscribers', exact: true })).toBeVisible();
}

/** Adds a subscriber, who then stands in the list. */
export async function addSubscriber(page: Page, username: string): Promise<void> {
  await goToSubscribers(page);
  await page.getByRole('button', { name: 'Add subscriber' }).click();
  const dialog = page.getByRole('dialog', { name: 'Add a subscriber' });
  await dialog.getByLabel('User name').fill(username);
  const reply = page.waitForResponse(
    (response) => response.url().endsWith('/api/subscribers') && response.request().method() === 'POST',
  );
  await dialog.getByRole('button', { name: 'Add subscriber' }).click();
  const response = await reply;
  expect({ status: response.status(), body: await response.json() }).toMatchObject({ status: 201, body: { username } });
  await expect(page.getByRole('cell', { name: username, exact: true })).toBeVisible();
}

/** Finds a subscriber by the search, asking until a replica has got the row. */
export async function findSubscriber(page: Page, username: string): Promise<void> {
  await goToSubscribers(page);
  const search = page.getByLabel('Search');
  await expect(async () => {
    await search.fill('');
    // The search is asked for once the typing has paused, and stands in the address then.
    await expect(page).not.toHaveURL(/search=/);
    await search.fill(username);
    await expect(page.getByRole('cell', { name: username, exact: true })).toBeVisible({ timeout: 3_000 });
  }).toPass({ timeout: 60_000 });
}

/** The page of a copy: one banner with the way to the main server, and buttons that do nothing and say why. */
export async function expectReadOnly(page: Page, mainUrl: string, buttons: readonly string[]): Promise<void> {
  const banner = page.getByRole('region', { name: 'Read-only' });
  await expect(banner).toContainText('This server is a copy and takes no changes.');
  await expect(banner.getByRole('link', { name: mainUrl })).toHaveAttribute('href', mainUrl);
  for (const name of buttons) {
    const button = page.getByRole('button', { name, exact: true });
    await expect(button).toBeDisabled();
    await expect(button).toHaveAccessibleDescription(/\S/);
  }
}

/** A titled part of the page. */
export function card(page: Page, title: string | RegExp): Locator {
  return page.getByRole('region', { name: title });
}
