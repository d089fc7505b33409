import { screen, waitFor } from '@testing-library/react';
import { http, HttpResponse } from 'msw';
import { expect, test } from 'vitest';
import { agoIso } from '../testing/node-fixtures.ts';
import { me } from '../testing/panel-fixtures.ts';
import { openPanel, refusal, server, signedInAs, statusIs, serveInTests } from '../testing/panel.tsx';
import { mainStatus } from '../testing/status-fixtures.ts';

serveInTests();

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
      signedIn ? HttpResponse.json(me('admin')) : refusal(401, 'NOT_SIGNED_IN', 'Nobody is signed in.'),
    ),
    http.post('/api/auth/refresh', () => refusal(401, 'NOT_SIGNED_IN', 'Sign in first.')),
    http.post('/api/auth/login', async ({ request }) => {
      const body = (await request.json()) as { username: string; password: string };
      if (body.password !== 'right') return refusal(401, 'BAD_CREDENTIALS', 'User name or password is wrong.');
      signedIn = true;
      return HttpResponse.json({ token: 't', expires_at: agoIso(-900_000), user: me('admin').user });
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
