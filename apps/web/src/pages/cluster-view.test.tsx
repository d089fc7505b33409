import { screen, waitFor, within } from '@testing-library/react';
import { http, HttpResponse } from 'msw';
import { afterEach, expect, test, vi } from 'vitest';
import { mainNode, secondaryNode } from '../testing/node-fixtures.ts';
import { openPanel, server, statusIs, serveInTests } from '../testing/panel.tsx';
import { cloningStatus, mainStatus, secondaryStatus } from '../testing/status-fixtures.ts';

serveInTests();

function setVisibility(state: 'visible' | 'hidden'): void {
  Object.defineProperty(document, 'visibilityState', { configurable: true, value: state });
  document.dispatchEvent(new Event('visibilitychange'));
  window.dispatchEvent(new Event('visibilitychange'));
}

afterEach(() => {
  vi.useRealTimers();
  setVisibility('visible');
});

test('a lag that nobody can tell is shown as unknown, and never as 0', async () => {
  const unknown = { replication_lag_bytes: null, replication_lag_seconds: null };
  statusIs(() => mainStatus({ nodes: [mainNode(), secondaryNode(unknown)] }));
  openPanel('/settings/cluster');
  const card = await screen.findByRole('article', { name: 'DC2 Secondary' });
  const lag = within(card).getByText('Lag').nextElementSibling;
  expect(lag?.textContent).toBe('unknown');
});

test('a secondary that has caught up shows 0 bytes and 0 s', async () => {
  statusIs(() => mainStatus());
  openPanel('/settings/cluster');
  const card = await screen.findByRole('article', { name: 'DC2 Secondary' });
  expect(within(card).getByText('Lag').nextElementSibling?.textContent).toBe('0 B · 0 s');
});

test('a button that cannot be used says why', async () => {
  statusIs(() => secondaryStatus());
  const user = openPanel('/settings/cluster');
  const change = await screen.findByRole('button', { name: 'Change settings' });
  expect(change).toHaveProperty('disabled', true);
  expect(document.getElementById(change.getAttribute('aria-describedby') ?? '')?.textContent).toBe(
    'This is done on the main server.',
  );
  const remove = screen.getByRole('button', { name: 'Remove DC1 Primary' });
  expect(remove.getAttribute('aria-disabled')).toBe('true');
  expect(document.getElementById(remove.getAttribute('aria-describedby') ?? '')?.textContent).toBe(
    'This is done on the main server.',
  );
  await user.click(remove);
  expect(screen.queryByRole('dialog')).toBeNull();
});

test('when the server stops answering, what was last known stays, with its age', async () => {
  statusIs(() => mainStatus({ poll_after_ms: 500 }));
  openPanel('/settings/cluster');
  await screen.findByRole('article', { name: 'DC2 Secondary' });
  server.use(http.get('/api/cluster/status', () => HttpResponse.error()));
  await screen.findByText(/^Shown data is [1-9]\d* s old; the server does not answer\.$/);
  expect(screen.getByRole('article', { name: 'DC2 Secondary' })).toBeTruthy();
});

test('a hidden page does not poll, and polls at once when it is shown again', async () => {
  vi.useFakeTimers({ shouldAdvanceTime: true, toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] });
  const status = statusIs(() => mainStatus({ poll_after_ms: 1_000 }));
  openPanel('/settings/cluster');
  await screen.findByRole('article', { name: 'DC2 Secondary' });
  await vi.advanceTimersByTimeAsync(5_000);
  await waitFor(() => {
    expect(status.replies()).toBeGreaterThan(2);
  });
  setVisibility('hidden');
  // One poll may have been under way when the page was hidden.
  const atHiding = status.replies() + 1;
  await vi.advanceTimersByTimeAsync(120_000);
  expect(status.replies()).toBeLessThanOrEqual(atHiding);
  const beforeShowing = status.replies();
  setVisibility('visible');
  await waitFor(() => {
    expect(status.replies()).toBeGreaterThan(beforeShowing);
  });
});

test('while it clones, the page shows the command, the steps and the percentage', async () => {
  statusIs(() => cloningStatus());
  server.use(http.get('/api/cluster/setup_replica.sh', () => HttpResponse.text('#!/usr/bin/env bash\n')));
  openPanel('/settings/cluster');
  expect(await screen.findByText('bash /tmp/setup_replica.sh')).toBeTruthy();
  const steps = screen.getByRole('list', { name: 'Steps of the clone' });
  expect(within(steps).getByText('Clone the main database').nextElementSibling?.textContent).toBe('running');
  expect(within(steps).getByText('Start PostgreSQL').nextElementSibling?.textContent).toBe('not yet');
  const bar = within(steps).getByRole('progressbar', { name: 'Clone' });
  expect(bar.getAttribute('aria-valuenow')).toBe('41.1');
  expect(screen.getByText(/one-time token, good for another 1[12] min/)).toBeTruthy();
});

test('after a failed run, a new run of the script shows its own steps alone', async () => {
  const join = cloningStatus().join;
  if (join === null) throw new Error('The fixture has no join.');
  const at = new Date().toISOString();
  const failed = { phase: 'failed', state: 'failed', detail: 'The disk is full.', at } as const;
  const again = { phase: 'preflight', state: 'running', detail: '', at } as const;
  statusIs(() => cloningStatus({ join: { ...join, phases: [...join.phases, failed, again] } }));
  server.use(http.get('/api/cluster/setup_replica.sh', () => HttpResponse.text('#!/usr/bin/env bash\n')));
  openPanel('/settings/cluster');
  const steps = await screen.findByRole('list', { name: 'Steps of the clone' });
  expect(within(steps).queryByText('The script failed')).toBeNull();
  expect(within(steps).getByText('Stop PostgreSQL').nextElementSibling?.textContent).toBe('not yet');
});
