/** What an admin does on the other pages: services, routers, money, the audit log, pictures, the first look. */
import { screen, waitFor, within } from '@testing-library/react';
import { http, HttpResponse } from 'msw';
import { expect, test } from 'vitest';
import { agoIso, mainNode, secondaryNode } from '../testing/node-fixtures.ts';
import {
  auditEntry,
  dashboard,
  invoice,
  nas,
  reseller,
  rule,
  service,
  subscriber,
  subscriberPage,
} from '../testing/panel-fixtures.ts';
import { openPanel, refusal, server, serveInTests, signedInAs, statusIs } from '../testing/panel.tsx';
import { mainStatus } from '../testing/status-fixtures.ts';

serveInTests();

test('the dashboard counts, says how old the counts are, and each count leads to whom it counts', async () => {
  server.use(
    signedInAs('admin'),
    http.get('/api/dashboard', () => HttpResponse.json(dashboard())),
  );
  openPanel('/');
  const expiring = await screen.findByRole('link', { name: /Expiring in 7 days\s*78/ });
  expect(expiring.getAttribute('href')).toBe('/subscribers?state=expiring');
  expect(screen.getByRole('link', { name: /^Online\s*7,310/ }).getAttribute('href')).toBe('/subscribers?state=online');
  expect(screen.getByText(/^Counted 1\d s ago$/)).toBeTruthy();
  expect(screen.getByRole('meter', { name: 'CPU' }).getAttribute('aria-valuetext')).toBe('21 %');
  // Not known is not 0.
  expect(screen.getByText('unknown')).toBeTruthy();
  expect(screen.queryByRole('meter', { name: 'Disk' })).toBeNull();
});

test('a reseller’s dashboard has no figures of the server', async () => {
  server.use(
    signedInAs('reseller'),
    http.get('/api/dashboard', () => HttpResponse.json(dashboard({ server: null, source: 'database' }))),
  );
  openPanel('/');
  await screen.findByRole('link', { name: /^Subscribers\s*12,480/ });
  expect(screen.queryByRole('region', { name: 'This server' })).toBeNull();
});

test('a service is shown in Mbit/s, GB and money, and is sent in the units of the wire', async () => {
  const bodies: unknown[] = [];
  server.use(
    signedInAs('admin'),
    http.get('/api/services', () => HttpResponse.json({ services: [service()] })),
    http.get('/api/bandwidth-rules', () => HttpResponse.json({ rules: [rule()] })),
    http.post('/api/services', async ({ request }) => {
      bodies.push(await request.json());
      return HttpResponse.json(service({ id: 2, name: 'Gold' }), { status: 201 });
    }),
  );
  const user = openPanel('/services');
  expect(await screen.findByRole('cell', { name: '20 Mbit/s / 0.512 Mbit/s' })).toBeTruthy();
  expect(screen.getByRole('cell', { name: 'unlimited / 100 GB' })).toBeTruthy();
  expect(await screen.findByRole('cell', { name: '€19.99' })).toBeTruthy();
  const rules = within(await screen.findByRole('list', { name: 'Rules of Silver' }));
  expect(rules.getByText('00:00–06:30')).toBeTruthy();
  await user.click(screen.getByRole('button', { name: 'Add service' }));
  const dialog = within(screen.getByRole('dialog'));
  await user.type(dialog.getByLabelText('Name'), 'Gold');
  await user.clear(dialog.getByLabelText('Price (EUR)'));
  await user.type(dialog.getByLabelText('Price (EUR)'), '0.29');
  await user.type(dialog.getByLabelText('Download (Mbit/s)'), 'fast');
  await user.type(dialog.getByLabelText('Upload (Mbit/s)'), '2.5');
  await user.type(dialog.getByLabelText('Monthly quota (GB)'), '1.5');
  await user.click(dialog.getByRole('button', { name: 'Add service' }));
  await dialog.findByText('Type a speed in Mbit/s such as 10 or 0.512.');
  expect(bodies).toEqual([]);
  await user.clear(dialog.getByLabelText('Download (Mbit/s)'));
  await user.type(dialog.getByLabelText('Download (Mbit/s)'), '50');
  await user.click(dialog.getByRole('button', { name: 'Add service' }));
  await waitFor(() => {
    expect(bodies).toEqual([
      {
        name: 'Gold',
        download_kbps: 50_000,
        upload_kbps: 2_500,
        daily_quota_bytes: null,
        monthly_quota_bytes: 1_500_000_000,
        price_minor: 29,
        expiry_value: 1,
        expiry_unit: 'month',
        pool: '',
      },
    ]);
  });
});

test('each router’s line can be copied, there is a script for all, and no secret is shown', async () => {
  const line = '/radius set [find comment="proxpanel"] address=10.0.0.1';
  server.use(
    signedInAs('admin'),
    http.get('/api/nas', () => HttpResponse.json({ devices: [nas()], radius_address: '10.0.0.1' })),
    http.get('/api/nas/3/router-line', () => HttpResponse.json({ name: 'Tower 1', line })),
  );
  const user = openPanel('/routers');
  await screen.findByText('10.0.0.1');
  const script = screen.getByRole('link', { name: 'Script for all routers' });
  expect(script.getAttribute('href')).toBe('/api/nas/routers.rsc');
  await user.click(screen.getByRole('button', { name: 'RouterOS line for Tower 1' }));
  const dialog = within(await screen.findByRole('dialog', { name: 'RouterOS line for Tower 1' }));
  expect((await dialog.findByRole('code')).textContent).toBe(line);
  const copied: string[] = [];
  Object.defineProperty(document, 'execCommand', {
    configurable: true,
    value: () => copied.push(document.querySelector<HTMLTextAreaElement>('textarea')?.value ?? ''),
  });
  await user.click(dialog.getByRole('button', { name: /^Copy/ }));
  await dialog.findByText('Copied');
  expect(copied).toEqual([line]);
  await user.click(dialog.getByRole('button', { name: 'Close' }));
  await user.click(screen.getByRole('button', { name: 'Edit Tower 1' }));
  const edit = within(screen.getByRole('dialog'));
  expect(edit.getByLabelText('Secret')).toHaveProperty('value', '');
  expect(edit.getByText('It is never shown. Empty: it stays as it is.')).toBeTruthy();
});

test('a payment and an invoice are sent to the cent', async () => {
  const bodies: unknown[] = [];
  server.use(
    signedInAs('admin'),
    http.get('/api/resellers', () => HttpResponse.json({ resellers: [reseller()] })),
    http.get('/api/subscribers', () => HttpResponse.json(subscriberPage([subscriber()]))),
    http.get('/api/invoices', () => HttpResponse.json({ rows: [invoice()], next: null })),
    http.get('/api/reseller-transactions', () => HttpResponse.json({ rows: [], next: null })),
    http.post('/api/reseller-transactions', async ({ request }) => {
      bodies.push(await request.json());
      const saved = { id: 1, reseller_name: 'north', actor: 'admin', at: agoIso(0), reseller_id: 5, note: '' };
      return HttpResponse.json({ ...saved, amount_minor: -110 }, { status: 201 });
    }),
    http.post('/api/invoices', async ({ request }) => {
      bodies.push(await request.json());
      return HttpResponse.json(invoice({ id: 10, number: 'INV-10' }), { status: 201 });
    }),
  );
  const user = openPanel('/resellers');
  expect(await screen.findByRole('cell', { name: '-€5.05' })).toBeTruthy();
  await user.click(screen.getByRole('button', { name: 'Payment of north' }));
  const payment = within(screen.getByRole('dialog'));
  await user.click(payment.getByRole('radio', { name: 'Charge' }));
  await user.type(payment.getByLabelText('Amount (EUR)'), '1.1');
  await user.click(payment.getByRole('button', { name: 'Record' }));
  await waitFor(() => {
    expect(bodies).toEqual([{ reseller_id: 5, amount_minor: -110, note: '' }]);
  });
  await user.click(screen.getByRole('link', { name: 'Invoices' }));
  await user.click(await screen.findByRole('button', { name: 'Make an invoice' }));
  const making = within(screen.getByRole('dialog'));
  await user.type(making.getByLabelText('Find a subscriber'), 'ami');
  await user.selectOptions(making.getByLabelText('Subscriber'), await making.findByRole('option', { name: 'amina' }));
  await user.type(making.getByLabelText('Amount (EUR)'), '19.99');
  await user.click(making.getByRole('button', { name: 'Make invoice' }));
  await waitFor(() => {
    expect(bodies.at(-1)).toEqual({ subscriber_id: 1, amount_minor: 1_999, due_at: null });
  });
});

test('the audit log says who did what, in words, page by page', async () => {
  const older = auditEntry({ id: 99, action: 'create', entity: 'bandwidth_rule', entity_id: '7', changes: {} });
  server.use(
    signedInAs('admin'),
    http.get('/api/audit-log', ({ request }) =>
      new URL(request.url).searchParams.get('cursor') === 'older'
        ? HttpResponse.json({ rows: [older], next: null })
        : HttpResponse.json({ rows: [auditEntry()], next: 'older' }),
    ),
  );
  const user = openPanel('/audit-log');
  const cell = await screen.findByRole('cell', { name: /^Change subscriber 1/ });
  expect(
    within(cell)
      .getAllByRole('listitem')
      .map((item) => item.textContent),
  ).toEqual(['Note: nothing → “pays in cash”', 'Password: changed']);
  await user.click(screen.getByRole('button', { name: 'Next' }));
  expect(await screen.findByRole('cell', { name: 'Create bandwidth rule 7' })).toBeTruthy();
  expect(screen.getByRole('button', { name: 'Next' })).toHaveProperty('disabled', true);
});

test('a file that is no picture is refused before it is sent, and by the server when it only looks like one', async () => {
  let sent = 0;
  server.use(
    signedInAs('admin'),
    http.put('/api/uploads/logo', () => {
      sent += 1;
      return refusal(415, 'NOT_AN_IMAGE', 'The content of this file is no PNG, JPEG or WebP picture.');
    }),
  );
  const user = openPanel('/settings/branding');
  const card = within(await screen.findByRole('region', { name: 'Logo' }));
  expect(card.getByText('PNG, JPEG or WebP, at most 5.2 MB.')).toBeTruthy();
  const choice = card.getByLabelText('Choose a picture for logo');
  const upload = card.getByRole('button', { name: 'Upload Logo' });
  expect(upload.getAttribute('aria-disabled')).toBe('true');
  Object.defineProperty(choice, 'accept', { value: '' });
  await user.upload(choice, new File(['<svg/>'], 'logo.svg', { type: 'image/svg+xml' }));
  expect((await card.findByRole('alert')).textContent).toContain('This is no picture of these kinds.');
  await user.upload(choice, new File(['not a picture'], 'logo.png', { type: 'image/png' }));
  expect(await card.findByRole('img', { name: 'Preview of logo.png' })).toBeTruthy();
  await user.click(card.getByRole('button', { name: 'Upload Logo' }));
  expect(await card.findByText('The content of this file is no PNG, JPEG or WebP picture.')).toBeTruthy();
  expect(sent).toBe(1);
});

test('the logo takes the place of the name, also where one signs in, and the background says nothing', async () => {
  const picture = { media_type: 'image/png', size_bytes: 70, uploaded_at: agoIso(60_000) };
  const uploads = [
    { ...picture, kind: 'logo', sha256: 'a1'.repeat(32) },
    { ...picture, kind: 'login_background', sha256: 'b2'.repeat(32) },
  ];
  server.use(
    http.get('/api/auth/me', () => refusal(401, 'NOT_SIGNED_IN', 'Nobody is signed in.')),
    http.get('/api/uploads', () => HttpResponse.json({ uploads })),
  );
  openPanel('/sign-in');
  const logo = await screen.findByRole('img', { name: 'ProxPanel' });
  // Another picture has another address: no browser shows an old one.
  expect(logo.getAttribute('src')).toBe(`/api/uploads/logo?v=${'a1'.repeat(32)}`);
  expect(screen.getAllByRole('img')).toEqual([logo]);
  expect(document.querySelector('img[alt=""]')?.getAttribute('src')).toContain('/api/uploads/login_background?v=b2');
});

test('the license page compares the versions and says in which order to update', async () => {
  statusIs(() => mainStatus({ nodes: [mainNode(), secondaryNode({ version: '1.1.0' })] }));
  openPanel('/settings/license');
  const versions = within(await screen.findByRole('list', { name: 'Versions' }));
  expect(versions.getByText('1.1.0')).toBeTruthy();
  expect(screen.getByText('versions differ')).toBeTruthy();
  const order = within(screen.getByRole('region', { name: 'Order of an update' })).getAllByRole('listitem');
  expect(order[0]?.textContent).toContain('Update the secondary first (DC2 Secondary)');
  expect(order[1]?.textContent).toContain('Lag now: DC2 Secondary: 0 s, 0 B.');
  expect(order[2]?.textContent).toContain('Automatic failover begins after 120 s of silence.');
});
