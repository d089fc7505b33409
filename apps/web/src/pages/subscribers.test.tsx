/** Finding, adding and changing subscribers, and what is said when the server refuses. */
import { screen, waitFor, within } from '@testing-library/react';
import { http, HttpResponse } from 'msw';
import { beforeEach, expect, test } from 'vitest';
import { reseller, service, subscriber, subscriberPage } from '../testing/panel-fixtures.ts';
import { openPanel, refusal, server, serveInTests, shownAddress, signedInAs } from '../testing/panel.tsx';

serveInTests();

/** The queries that the list was asked with. */
let asked: URLSearchParams[] = [];

beforeEach(() => {
  asked = [];
  server.use(
    signedInAs('admin'),
    http.get('/api/services', () => HttpResponse.json({ services: [service()] })),
    http.get('/api/resellers', () => HttpResponse.json({ resellers: [reseller()] })),
    http.get('/api/subscribers', ({ request }) => {
      asked.push(new URL(request.url).searchParams);
      return HttpResponse.json(subscriberPage([subscriber()]));
    }),
  );
});

test('what a form lacks is said beside its field, and nothing is sent', async () => {
  const user = openPanel('/subscribers');
  await user.click(await screen.findByRole('button', { name: 'Add subscriber' }));
  const dialog = screen.getByRole('dialog', { name: 'Add a subscriber' });
  await user.type(within(dialog).getByLabelText('User name'), 'two words');
  await user.click(within(dialog).getByRole('button', { name: 'Add subscriber' }));
  await within(dialog).findByText(/may hold only letters/);
  const field = within(dialog).getByLabelText('User name');
  expect(field.getAttribute('aria-invalid')).toBe('true');
  expect(document.activeElement).toBe(field);
});

test('a name that is taken is said at its field; another one is added with what was chosen', async () => {
  const bodies: unknown[] = [];
  server.use(
    http.post('/api/subscribers', async ({ request }) => {
      const body = (await request.json()) as { username: string };
      bodies.push(body);
      return body.username === 'amina'
        ? refusal(409, 'DUPLICATE', 'There is already a subscriber "amina".', { field: 'username' })
        : HttpResponse.json(subscriber({ id: 2, ...body }), { status: 201 });
    }),
  );
  const user = openPanel('/subscribers');
  await user.click(await screen.findByRole('button', { name: 'Add subscriber' }));
  const dialog = within(screen.getByRole('dialog'));
  await user.type(dialog.getByLabelText('User name'), 'amina');
  await user.type(dialog.getByLabelText('Password'), 'pa55');
  await user.selectOptions(dialog.getByLabelText('Service'), await dialog.findByRole('option', { name: 'Silver' }));
  await user.click(dialog.getByRole('button', { name: 'Add subscriber' }));
  const said = await dialog.findByText('There is already a subscriber "amina".');
  expect(dialog.getByLabelText('User name').getAttribute('aria-describedby')).toContain(said.id);
  expect(dialog.queryByRole('alert')).toBeNull();
  await user.clear(dialog.getByLabelText('User name'));
  await user.type(dialog.getByLabelText('User name'), 'bilal');
  await user.click(dialog.getByRole('button', { name: 'Add subscriber' }));
  await waitFor(() => {
    expect(screen.queryByRole('dialog')).toBeNull();
  });
  // Without an expiry the server counts the service's validity, so none is sent.
  expect(bodies.at(-1)).toEqual({
    username: 'bilal',
    password: 'pa55',
    service_id: 1,
    reseller_id: null,
    is_active: true,
    note: '',
  });
});

test('a change sends only what was changed, with the version that was seen, and no password', async () => {
  const bodies: unknown[] = [];
  server.use(
    http.patch('/api/subscribers/1', async ({ request }) => {
      bodies.push(await request.json());
      return HttpResponse.json(subscriber({ note: 'pays in cash', row_version: 5 }));
    }),
  );
  const user = openPanel('/subscribers');
  await user.click(await screen.findByRole('button', { name: 'Edit amina' }));
  const dialog = within(screen.getByRole('dialog', { name: 'Edit amina' }));
  expect(dialog.getByLabelText('Password')).toHaveProperty('value', '');
  const save = dialog.getByRole('button', { name: 'Save' });
  expect(save.getAttribute('aria-disabled')).toBe('true');
  await user.type(dialog.getByLabelText('Note'), 'pays in cash');
  await user.click(dialog.getByRole('button', { name: 'Save' }));
  await waitFor(() => {
    expect(bodies).toEqual([{ row_version: 4, note: 'pays in cash' }]);
  });
});

test('who was second is told, and loads the newer row without losing sight of what was typed', async () => {
  const bodies: { row_version: number; note?: string }[] = [];
  server.use(
    http.get('/api/subscribers/1', () =>
      HttpResponse.json(
        subscriber({ note: 'moved to the north', row_version: 5, service_id: null, service_name: null }),
      ),
    ),
    http.patch('/api/subscribers/1', async ({ request }) => {
      const body = (await request.json()) as { row_version: number };
      bodies.push(body);
      return body.row_version === 5
        ? HttpResponse.json(subscriber({ row_version: 6 }))
        : refusal(409, 'ROW_CHANGED', '"amina" was changed by somebody else meanwhile; nothing was saved.');
    }),
  );
  const user = openPanel('/subscribers');
  await user.click(await screen.findByRole('button', { name: 'Edit amina' }));
  const dialog = within(screen.getByRole('dialog'));
  await user.type(dialog.getByLabelText('Note'), 'pays in cash');
  await user.click(dialog.getByRole('button', { name: 'Save' }));
  const alert = await dialog.findByRole('alert');
  expect(alert.textContent).toContain('was changed by somebody else meanwhile');
  // Until it is asked for, what was typed stays.
  expect(dialog.getByLabelText('Note')).toHaveProperty('value', 'pays in cash');
  await user.click(dialog.getByRole('button', { name: 'Load the newer one' }));
  await dialog.findByText('Note: “pays in cash”, now “moved to the north”');
  await dialog.findByText('Service: “Silver”, now “none”');
  expect(dialog.getByLabelText('Note')).toHaveProperty('value', 'moved to the north');
  expect(dialog.queryByRole('alert')).toBeNull();
  await user.type(dialog.getByLabelText('Note'), ', pays in cash');
  await user.click(dialog.getByRole('button', { name: 'Save' }));
  await waitFor(() => {
    expect(bodies.at(-1)).toEqual({ row_version: 5, note: 'moved to the north, pays in cash' });
  });
});

test('filters, order and search stand in the address, are asked for, and can be linked to', async () => {
  const user = openPanel('/subscribers?state=expired&sort=username&service_id=1&nonsense=1&limit=7000');
  await screen.findByRole('link', { name: 'amina' });
  expect(Object.fromEntries(asked.at(-1) ?? [])).toEqual({
    state: 'expired',
    sort: 'username',
    service_id: '1',
    descending: 'false',
    limit: '50',
  });
  expect(screen.getByRole('columnheader', { name: /User name/ }).getAttribute('aria-sort')).toBe('ascending');
  await user.type(screen.getByLabelText('Search'), 'ami');
  await waitFor(() => {
    expect(asked.at(-1)?.get('search')).toBe('ami');
  });
  // Letters are not asked for one by one.
  expect(asked.filter((query) => ['a', 'am'].includes(query.get('search') ?? '')).length).toBeLessThan(2);
  await user.selectOptions(screen.getByLabelText('Reseller'), 'north');
  await user.click(screen.getByRole('button', { name: /^User name/ }));
  await waitFor(() => {
    expect(shownAddress()).toBe(
      '/subscribers?search=ami&sort=username&descending=true&state=expired&service_id=1&reseller_id=5',
    );
  });
  expect(screen.getByRole('link', { name: 'Export as CSV' }).getAttribute('href')).toBe(
    '/api/subscribers.csv?search=ami&state=expired&service_id=1&reseller_id=5',
  );
});

test('pages go on and back through their cursors, and another filter begins at the first', async () => {
  const cursors: (string | null)[] = [];
  server.use(
    http.get('/api/subscribers', ({ request }) => {
      const cursor = new URL(request.url).searchParams.get('cursor');
      cursors.push(cursor);
      const number = cursor === null ? 1 : Number(cursor.slice(1));
      return HttpResponse.json(
        subscriberPage([subscriber({ id: number, username: `user-${String(number)}` })], {
          next: `c${String(number + 1)}`,
          matches: { count: 1_000, more: true },
        }),
      );
    }),
  );
  const user = openPanel('/subscribers');
  await screen.findByText('More than 1,000 match.');
  expect(screen.getByRole('button', { name: 'Previous' })).toHaveProperty('disabled', true);
  await user.click(screen.getByRole('button', { name: 'Next' }));
  await screen.findByRole('link', { name: 'user-2' });
  await user.click(screen.getByRole('button', { name: 'Next' }));
  await screen.findByRole('link', { name: 'user-3' });
  await user.click(screen.getByRole('button', { name: 'Previous' }));
  await screen.findByRole('link', { name: 'user-2' });
  expect(screen.getByText('Page 2')).toBeTruthy();
  await user.selectOptions(screen.getByLabelText('State'), 'Online');
  await screen.findByRole('link', { name: 'user-1' });
  expect(screen.getByText('Page 1')).toBeTruthy();
  expect(cursors.at(-1)).toBeNull();
});

test('a server without a key for secrets keeps no password, and says so', async () => {
  server.use(signedInAs('admin', { keeps_secrets: false }));
  const user = openPanel('/subscribers');
  await user.click(await screen.findByRole('button', { name: 'Add subscriber' }));
  const dialog = within(screen.getByRole('dialog'));
  expect(dialog.getByLabelText('Password')).toHaveProperty('disabled', true);
  expect(dialog.getByText(/set PANEL_ENCRYPTION_KEY/)).toBeTruthy();
});

test('a subscriber’s own page shows what was used by day as figures, and removes it after asking', async () => {
  let removed: unknown = null;
  server.use(
    http.get('/api/subscribers/1', () => HttpResponse.json(subscriber({ is_online: true }))),
    http.get('/api/subscribers/1/usage', () =>
      HttpResponse.json({
        days: [
          { day: '2026-11-21', download_bytes: 1_400_000_000, upload_bytes: 20_000_000 },
          { day: '2026-11-22', download_bytes: 52_428_800, upload_bytes: 0 },
        ],
      }),
    ),
    http.delete('/api/subscribers/1', async ({ request }) => {
      removed = await request.json();
      return HttpResponse.json({ ok: true });
    }),
  );
  const user = openPanel('/subscribers/1');
  const usage = await screen.findByRole('table');
  expect(
    within(usage)
      .getAllByRole('row')
      .map((row) => row.textContent),
  ).toEqual(['DayDownloadUpload', '2026-11-2252.4 MB0 B', '2026-11-211.4 GB20.0 MB']);
  expect(screen.getByText('online')).toBeTruthy();
  await user.click(screen.getByRole('button', { name: 'Remove' }));
  const dialog = within(screen.getByRole('dialog', { name: 'Remove amina?' }));
  await user.click(dialog.getByRole('button', { name: 'Remove' }));
  await waitFor(() => {
    expect(shownAddress()).toBe('/subscribers');
  });
  expect(removed).toEqual({ row_version: 4 });
});
