/** Who gets in, and what a reseller sees of the cluster: nothing (DESIGN §1, §5). */
import { dirname, join } from 'node:path';
import process from 'node:process';
import { builtBffPath } from '@proxpanel/testbed/bff-process';
import { plainEnvironment } from '@proxpanel/testbed/command';
import { expect, test } from 'playwright/test';
import { addSubscriber, openClusterTab, openPanel, sendSignIn } from './steps/panel-page.ts';
import { testbedOfFile } from './steps/servers.ts';

const testbed = testbedOfFile({ mode: 'ports' }, ['server']);
const RESELLER = { username: 'reseller1', password: 'a-reseller-of-the-north' };

test('a reseller, added on the command line, has no Cluster tab and gets the 403 page at its address', async ({
  browser,
}) => {
  const server = testbed().server('server');
  const added = await server.run(
    [process.execPath, join(dirname(builtBffPath), 'cli.js'), 'user', 'add', RESELLER.username, '--role', 'reseller'],
    { environment: { ...plainEnvironment, ...server.bff.environment }, input: `${RESELLER.password}\n` },
  );
  expect(added, added.stderr).toMatchObject({ exitCode: 0, stdout: 'Added reseller reseller1.' });

  const page = await openPanel(browser, server, '/settings/cluster');
  await sendSignIn(page, RESELLER.username, RESELLER.password);
  await expect(page.getByRole('heading', { name: '403 – not allowed' })).toBeVisible();
  await expect(page.getByRole('link', { name: 'Appearance' })).toBeVisible();
  await expect(page.getByRole('link', { name: 'Cluster' })).toBeHidden();
  const direct = await page.request.get('/api/cluster/status');
  expect({ status: direct.status(), body: await direct.json() }).toMatchObject({
    status: 403,
    body: { code: 'ADMIN_ONLY' },
  });
  // A reseller's own work is not in the way of that.
  await addSubscriber(page, 'dina');
});

test('signing out ends the session, also for a page that kept its cookie', async ({ browser }) => {
  const server = testbed().server('server');
  const page = await openClusterTab(browser, server);
  const cookies = await page.context().cookies([server.url, `${server.url}/api/auth/refresh`]);
  const kept = cookies.find(({ name }) => name.startsWith('proxpanel_session'));
  const refresh = cookies.find(({ name }) => name.startsWith('proxpanel_refresh'));
  await page.getByRole('button', { name: 'Sign out' }).click();
  await expect(page.getByRole('button', { name: 'Sign in' })).toBeVisible();
  await page.goto('/settings/cluster');
  await expect(page.getByRole('button', { name: 'Sign in' })).toBeVisible();

  expect(kept).toMatchObject({ httpOnly: true, sameSite: 'Strict', path: '/' });
  expect(refresh).toMatchObject({ httpOnly: true, sameSite: 'Strict', path: '/api/auth' });
  const replayed = await page.request.get('/api/auth/me', {
    headers: { authorization: `Bearer ${kept?.value ?? ''}` },
  });
  expect(replayed.status()).toBe(401);
  const renewed = await page.request.post('/api/auth/refresh', {
    data: {},
    headers: { authorization: `Bearer ${refresh?.value ?? ''}` },
  });
  expect(renewed.status()).toBe(401);
});

test('a wrong password is said in one sentence, and the right one then leads to the address that was asked for', async ({
  browser,
}) => {
  const server = testbed().server('server');
  const page = await openPanel(browser, server, '/settings/cluster');
  await sendSignIn(page, 'admin', 'not the password');
  await expect(page.getByRole('alert')).toHaveText(/user name or (the )?password/i);
  await sendSignIn(page, 'admin', server.adminPassword);
  await expect(page.getByRole('button', { name: 'Configure as Main Server' })).toBeVisible();
  await expect(page).toHaveURL(/\/settings\/cluster$/);
});

test('an unknown address says so and leads back', async ({ browser }) => {
  const server = testbed().server('server');
  const page = await openClusterTab(browser, server);
  await page.goto('/no/such/page');
  await expect(page.getByRole('heading', { name: '404 – not found' })).toBeVisible();
  await page.getByRole('link', { name: 'Go to Subscribers' }).click();
  await expect(page.getByRole('heading', { name: 'Subscribers', exact: true })).toBeVisible();
});
