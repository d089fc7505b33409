import { screen, waitFor } from '@testing-library/react';
import { http, HttpResponse } from 'msw';
import { expect, test } from 'vitest';
import { meOf, openPanel, refusal, server, signedInAs, statusIs, serveInTests } from '../testing/panel.tsx';
import { mainStatus } from '../testing/status-fixtures.ts';

serveInTests();

const noSubscribers = http.get('/api/subscribers', () => HttpResponse.json({ subscribers: [], total: 0 }));

test('a reseller has no Cluster tab and gets the 403 page at its address', async () => {
  server.use(signedInAs('reseller'));
  openPanel('/settings/cluster');
  expect(await screen.findByRole('heading', { name: '403 – not allowed' })).toBeTruthy();
  expect(screen.queryByRole('link', { name: 'Cluster' })).toBeNull();
});

test('an unknown address gives the 404 page', async () => {
  server.use(signedInAs('admin'));
  openPanel('/nowhere');
  expect(await screen.findByRole('heading', { name: '404 – not found' })).toBeTruthy();
});

test('signing in leads back to where the person was; a wrong password says so', async () => {
  let signedIn = false;
  statusIs(() => mainStatus());
  server.use(
    http.get('/api/auth/me', () =>
      signedIn ? HttpResponse.json(meOf('admin')) : refusal(401, 'NOT_SIGNED_IN', 'Nobody is signed in.'),
    ),
    http.post('/api/auth/refresh', () => refusal(401, 'NOT_SIGNED_IN', 'Sign in first.')),
    http.post('/api/auth/login', async ({ request }) => {
      const body = (await request.json()) as { username: string; password: string };
      if (body.password !== 'right') return refusal(401, 'BAD_CREDENTIALS', 'User name or password is wrong.');
      signedIn = true;
      const { user } = meOf('admin');
      return HttpResponse.json({ token: 't', expires_at: new Date(Date.now() + 900_000).toISOString(), user });
    }),
  );
  const user = openPanel('/settings/cluster');
  await user.type(await screen.findByLabelText('User name'), 'admin');
  await user.type(screen.getByLabelText('Password'), 'wrong');
  await user.click(screen.getByRole('button', { name: 'Sign in' }));
  await screen.findByText('User name or password is wrong.');
  await user.clear(screen.getByLabelText('Password'));
  await user.type(screen.getByLabelText('Password'), 'right');
  await user.click(screen.getByRole('button', { name: 'Sign in' }));
  expect(await screen.findByText('This server is main and takes writes.')).toBeTruthy();
});

test('a session that ends leads to the sign-in page', async () => {
  statusIs(() => mainStatus({ poll_after_ms: 500 }));
  openPanel('/settings/cluster');
  await screen.findByText('This server is main and takes writes.');
  const ended = () => refusal(401, 'NOT_SIGNED_IN', 'Nobody is signed in.');
  server.use(
    http.get('/api/cluster/status', ended),
    http.get('/api/auth/me', ended),
    http.post('/api/auth/refresh', ended),
  );
  expect(await screen.findByRole('button', { name: 'Sign in' })).toBeTruthy();
});

test('a page whose access token has ended goes on without asking who is there', async () => {
  statusIs(() => mainStatus({ poll_after_ms: 500 }));
  openPanel('/settings/cluster');
  await screen.findByText('This server is main and takes writes.');
  let isFresh = false;
  let refreshes = 0;
  let shownSince = 0;
  server.use(
    http.get('/api/cluster/status', () => {
      if (!isFresh) return refusal(401, 'NOT_SIGNED_IN', 'Sign in first.');
      shownSince += 1;
      return HttpResponse.json(mainStatus({ poll_after_ms: 500 }));
    }),
    http.post('/api/auth/refresh', () => {
      refreshes += 1;
      isFresh = true;
      return undefined;
    }),
  );
  await waitFor(() => {
    expect(shownSince).toBeGreaterThan(1);
  });
  expect(refreshes).toBe(1);
  expect(screen.queryByRole('button', { name: 'Sign in' })).toBeNull();
});

test('a subscriber is added; a refused name is said beside its field', async () => {
  const names: string[] = [];
  server.use(
    signedInAs('reseller'),
    http.get('/api/subscribers', () =>
      HttpResponse.json({
        subscribers: names.map((username, index) => ({
          id: index + 1,
          username,
          created_at: new Date().toISOString(),
        })),
        total: names.length,
      }),
    ),
    http.post('/api/subscribers', async ({ request }) => {
      const { username } = (await request.json()) as { username: string };
      if (names.includes(username)) return refusal(409, 'DUPLICATE', 'This user name is taken.', { field: 'username' });
      names.push(username);
      return HttpResponse.json({ id: names.length, username, created_at: new Date().toISOString() }, { status: 201 });
    }),
  );
  const user = openPanel('/subscribers');
  const field = await screen.findByLabelText('User name');
  await user.type(field, 'two words');
  await user.click(screen.getByRole('button', { name: 'Add subscriber' }));
  await screen.findByText(/may hold only letters/);
  expect(names).toEqual([]);
  await user.clear(field);
  await user.type(field, 'ali');
  await user.click(screen.getByRole('button', { name: 'Add subscriber' }));
  expect(await screen.findByRole('cell', { name: 'ali' })).toBeTruthy();
  await user.type(field, 'ali');
  await user.click(screen.getByRole('button', { name: 'Add subscriber' }));
  expect(await screen.findByText('This user name is taken.')).toBeTruthy();
});

test('on a secondary, adding a subscriber names the main server and is no alarm', async () => {
  server.use(
    signedInAs('admin'),
    noSubscribers,
    http.post('/api/subscribers', () =>
      HttpResponse.json(
        { error: 'secondary server is read-only', code: 'READ_ONLY' },
        { status: 503, headers: { 'x-main-server': 'http://10.0.0.1' } },
      ),
    ),
  );
  const user = openPanel('/subscribers');
  await user.type(await screen.findByLabelText('User name'), 'ali');
  await user.click(screen.getByRole('button', { name: 'Add subscriber' }));
  const link = await screen.findByRole('link', { name: 'http://10.0.0.1' });
  expect(link.getAttribute('href')).toBe('http://10.0.0.1');
  expect(screen.queryByRole('alert')).toBeNull();
});

test('signing out forgets what was shown and asks to sign in', async () => {
  let signedOut = false;
  statusIs(() => mainStatus());
  server.use(
    http.post('/api/auth/logout', () => {
      signedOut = true;
      return HttpResponse.json({ ok: true });
    }),
  );
  const user = openPanel('/settings/cluster');
  await screen.findByText('This server is main and takes writes.');
  await user.click(screen.getByRole('button', { name: 'Sign out' }));
  await screen.findByRole('button', { name: 'Sign in' });
  await waitFor(() => {
    expect(signedOut).toBe(true);
  });
});
