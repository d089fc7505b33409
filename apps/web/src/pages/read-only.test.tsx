/** On a secondary every page says so once, and no button there would write (DESIGN §10). */
import { screen, waitFor, within } from '@testing-library/react';
import { http, HttpResponse } from 'msw';
import { afterEach, expect, test, vi } from 'vitest';
import {
  closedWrites,
  invoice,
  me,
  nas,
  panelSettings,
  reseller,
  rule,
  service,
  subscriber,
  subscriberPage,
} from '../testing/panel-fixtures.ts';
import { openPanel, refusal, server, serveInTests, signedInAs } from '../testing/panel.tsx';

serveInTests();

function setVisibility(state: 'visible' | 'hidden'): void {
  Object.defineProperty(document, 'visibilityState', { configurable: true, value: state });
  document.dispatchEvent(new Event('visibilitychange'));
}

afterEach(() => {
  vi.useRealTimers();
  setVisibility('visible');
});

function serveRows(): void {
  server.use(
    http.get('/api/services', () => HttpResponse.json({ services: [service()] })),
    http.get('/api/bandwidth-rules', () => HttpResponse.json({ rules: [rule()] })),
    http.get('/api/nas', () => HttpResponse.json({ devices: [nas()], radius_address: '10.0.0.1' })),
    http.get('/api/resellers', () => HttpResponse.json({ resellers: [reseller()] })),
    http.get('/api/invoices', () => HttpResponse.json({ rows: [invoice()], next: null })),
    http.get('/api/reseller-transactions', () => HttpResponse.json({ rows: [], next: null })),
    http.get('/api/subscribers', () => HttpResponse.json(subscriberPage([subscriber()]))),
    http.get('/api/subscribers/1', () => HttpResponse.json(subscriber())),
    http.get('/api/subscribers/1/usage', () => HttpResponse.json({ days: [] })),
  );
}

/** Each page, and its buttons that would write. */
const pages: readonly [address: string, buttons: readonly string[]][] = [
  ['/subscribers', ['Add subscriber', 'Edit amina']],
  ['/subscribers/1', ['Edit', 'Remove']],
  ['/services', ['Add service', 'Edit Silver', 'Remove Silver', 'Add rule to Silver', 'Edit Night', 'Remove Night']],
  ['/routers', ['Add router', 'Edit Tower 1', 'Remove Tower 1']],
  ['/resellers', ['Add reseller', 'Payment of north', 'Edit north']],
  ['/invoices', ['Make an invoice', 'Paid INV-9', 'Cancel INV-9']],
  ['/settings/company', ['Change']],
  ['/settings/branding', ['Upload Logo', 'Upload Login background']],
];

test.each(pages)('%s: the banner leads to main, and each button says why it does nothing', async (address, buttons) => {
  serveRows();
  server.use(signedInAs('admin', { writes: closedWrites }));
  const user = openPanel(address);
  const banner = within(await screen.findByRole('region', { name: 'Read-only' }));
  expect(banner.getByText(/This server is a copy and takes no changes\./)).toBeTruthy();
  expect(banner.getByText(new RegExp(closedWrites.sentence.replace(/[()]/g, '\\$&')))).toBeTruthy();
  expect(banner.getByRole('link', { name: 'http://10.0.0.1' }).getAttribute('href')).toBe('http://10.0.0.1');
  for (const name of buttons) {
    const button = await screen.findByRole('button', { name });
    expect(button.getAttribute('aria-disabled'), name).toBe('true');
    const why = document.getElementById(button.getAttribute('aria-describedby') ?? '')?.textContent;
    expect(why, name).toContain(closedWrites.sentence);
    await user.click(button);
    expect(screen.queryByRole('dialog'), name).toBeNull();
  }
});

test('where writes are taken there is no banner', async () => {
  serveRows();
  server.use(signedInAs('admin'));
  openPanel('/subscribers');
  const add = await screen.findByRole('button', { name: 'Add subscriber' });
  expect(add.getAttribute('aria-disabled')).toBeNull();
  expect(screen.queryByRole('region', { name: 'Read-only' })).toBeNull();
});

test('a page that is open learns by itself that the server has become a copy, and that it is one no more', async () => {
  vi.useFakeTimers({ shouldAdvanceTime: true, toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] });
  serveRows();
  let writes = me('admin').writes;
  server.use(http.get('/api/auth/me', () => HttpResponse.json({ ...me('admin'), writes })));
  openPanel('/subscribers');
  await screen.findByRole('button', { name: 'Add subscriber' });
  writes = closedWrites;
  await vi.advanceTimersByTimeAsync(6_000);
  await screen.findByRole('region', { name: 'Read-only' });
  writes = me('admin').writes;
  await vi.advanceTimersByTimeAsync(6_000);
  await waitFor(() => {
    expect(screen.queryByRole('region', { name: 'Read-only' })).toBeNull();
  });
});

test('a hidden page does not ask', async () => {
  vi.useFakeTimers({ shouldAdvanceTime: true, toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] });
  serveRows();
  let asked = 0;
  server.use(
    http.get('/api/auth/me', () => {
      asked += 1;
      return HttpResponse.json(me('admin'));
    }),
  );
  openPanel('/subscribers');
  await screen.findByRole('button', { name: 'Add subscriber' });
  await vi.advanceTimersByTimeAsync(11_000);
  await waitFor(() => {
    expect(asked).toBeGreaterThan(1);
  });
  setVisibility('hidden');
  // One poll may have been under way when the page was hidden.
  const atHiding = asked + 1;
  await vi.advanceTimersByTimeAsync(60_000);
  expect(asked).toBeLessThanOrEqual(atHiding);
});

test('a change that meets a server which has just become a copy names the main server, and is no alarm', async () => {
  serveRows();
  server.use(
    signedInAs('admin'),
    http.patch('/api/settings', () =>
      HttpResponse.json(
        { error: 'secondary server is read-only', code: 'READ_ONLY' },
        { status: 503, headers: { 'x-main-server': 'http://10.0.0.1' } },
      ),
    ),
  );
  const user = openPanel('/settings/company');
  await user.click(await screen.findByRole('button', { name: 'Change' }));
  const dialog = within(screen.getByRole('dialog'));
  await user.type(dialog.getByLabelText('Support contact'), '.org');
  await user.click(dialog.getByRole('button', { name: 'Save' }));
  const link = await dialog.findByRole('link', { name: 'http://10.0.0.1' });
  expect(link.getAttribute('href')).toBe('http://10.0.0.1');
  expect(dialog.queryByRole('alert')).toBeNull();
  // What was typed is kept, for whoever takes it to the main server.
  expect(dialog.getByLabelText('Support contact')).toHaveProperty(
    'value',
    `${panelSettings().settings.support_contact}.org`,
  );
});

test('a reseller sees his subscribers and his own settings, and nothing of the rest', async () => {
  serveRows();
  server.use(
    signedInAs('reseller'),
    http.get('/api/resellers', () => refusal(403, 'ADMIN_ONLY', 'This is for administrators only.')),
  );
  const user = openPanel('/subscribers');
  await screen.findByRole('link', { name: 'amina' });
  const ways = within(screen.getByRole('navigation', { name: 'Panel' })).getAllByRole('link');
  expect(ways.map((link) => link.textContent)).toEqual(['Dashboard', 'Subscribers', 'Settings']);
  expect(screen.queryByLabelText('Reseller')).toBeNull();
  await user.click(screen.getByRole('button', { name: 'Add subscriber' }));
  const dialog = within(screen.getByRole('dialog'));
  expect(dialog.getByLabelText('Service')).toBeTruthy();
  expect(dialog.queryByLabelText('Reseller')).toBeNull();
});

test.each([
  '/services',
  '/routers',
  '/resellers',
  '/invoices',
  '/audit-log',
  '/settings/company',
  '/settings/branding',
])('%s is not for a reseller', async (address) => {
  server.use(signedInAs('reseller'));
  openPanel(address);
  expect(await screen.findByRole('heading', { name: '403 – not allowed' })).toBeTruthy();
});
