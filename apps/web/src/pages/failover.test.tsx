import { screen, waitFor, within } from '@testing-library/react';
import { http, HttpResponse } from 'msw';
import { expect, test } from 'vitest';
import { arbiterAnswers, failoverReady } from '../testing/change-fixtures.ts';
import { agoIso, allowed } from '../testing/node-fixtures.ts';
import { openPanel, refusal, server, statusIs, serveInTests } from '../testing/panel.tsx';
import { mainStatus, secondaryStatus } from '../testing/status-fixtures.ts';

serveInTests();

const failoverCard = () => screen.findByRole('region', { name: 'Automatic failover' });

const hold = {
  set_at: agoIso(60_000),
  until: new Date(Date.now() + 3_600_000).toISOString(),
  actor: 'amina',
  reason: 'Moving the rack',
};

test('a secondary whose main lives is ready, and says why it does nothing', async () => {
  statusIs(() => secondaryStatus());
  openPanel('/settings/cluster');
  const card = await failoverCard();
  expect(within(card).getByText('ready')).toBeTruthy();
  const reasons = within(card).getByRole('list', { name: 'Why automatic failover would not act now' });
  expect(reasons.textContent).toBe('Main’s WAL still flows: its database lives.');
});

test('a blocked failover says so, with each reason', async () => {
  const blockers = [
    { code: 'main_not_silent_long_enough', sentence: 'Main has been silent for 40 s; after 2 min it counts as lost.' },
    { code: 'versions_differ', sentence: 'Main ran version 1.0.0, this server runs 1.1.0.' },
  ];
  statusIs(() => secondaryStatus({ failover: failoverReady({ blockers }) }));
  openPanel('/settings/cluster');
  const card = await failoverCard();
  expect(within(card).getByText('blocked')).toBeTruthy();
  expect(within(card).getByText('Main ran version 1.0.0, this server runs 1.1.0.')).toBeTruthy();
});

test('the countdown goes on between two polls', async () => {
  const failover = failoverReady({ armed: true, countdown_ms: 90_000, blockers: [] });
  const polls = statusIs(() => secondaryStatus({ failover, poll_after_ms: 60_000 }));
  openPanel('/settings/cluster');
  const timer = await screen.findByRole('timer');
  const first = timer.textContent;
  expect(first).toMatch(/^A failover begins in about 1 min \d+ s\.$/);
  await waitFor(() => {
    expect(timer.textContent).not.toBe(first);
  });
  expect(polls.replies()).toBe(1);
});

test('a countdown that has run out never falls below nothing', async () => {
  const failover = failoverReady({ armed: true, countdown_ms: 1_000, blockers: [] });
  statusIs(() => secondaryStatus({ failover, poll_after_ms: 60_000 }));
  openPanel('/settings/cluster');
  expect(await screen.findByText('A failover is due now.')).toBeTruthy();
});

test('a hold is set for one of three spans, with a reason', async () => {
  const bodies: { until: string; reason: string }[] = [];
  statusIs(() => mainStatus({ failover: failoverReady({ hold: bodies.length === 0 ? null : hold }) }));
  server.use(
    http.post('/api/cluster/hold', async ({ request }) => {
      bodies.push((await request.json()) as { until: string; reason: string });
      return HttpResponse.json({ hold });
    }),
  );
  const user = openPanel('/settings/cluster');
  await user.click(await screen.findByRole('button', { name: 'Hold automatic failover' }));
  const dialog = screen.getByRole('dialog');
  const confirm = within(dialog).getByRole('button', { name: 'Hold' });
  expect(confirm).toHaveProperty('disabled', true);
  await user.click(within(dialog).getByRole('radio', { name: '2 hours' }));
  await user.type(within(dialog).getByLabelText('Reason'), ' Moving the rack ');
  const pressedAt = Date.now();
  await user.click(confirm);
  await screen.findByText(/set by amina: Moving the rack/);
  expect(bodies).toHaveLength(1);
  expect(bodies[0]?.reason).toBe('Moving the rack');
  const spanMs = Date.parse(bodies[0]?.until ?? '') - pressedAt;
  // The page knows the server's time to the second, and shows it a little late.
  expect(Math.abs(spanMs - 7_200_000)).toBeLessThan(60_000);
  expect(within(await failoverCard()).getByText('on hold')).toBeTruthy();
});

test('a hold is ended; a refusal is said; a hold whose end has passed holds nothing', async () => {
  let ended = 0;
  let until = hold.until;
  const actions = { ...mainStatus().actions, end_hold: allowed };
  statusIs(() => mainStatus({ poll_after_ms: 500, actions, failover: failoverReady({ hold: { ...hold, until } }) }));
  server.use(
    http.delete('/api/cluster/hold', () => {
      ended += 1;
      if (ended === 1) return refusal(409, 'BUSY', 'This server is busy.');
      until = agoIso(1_000);
      return HttpResponse.json({ hold: null });
    }),
  );
  const user = openPanel('/settings/cluster');
  await user.click(await screen.findByRole('button', { name: 'End the hold' }));
  expect(await screen.findByText('This server is busy.')).toBeTruthy();
  await user.click(screen.getByRole('button', { name: 'End the hold' }));
  expect(await screen.findByRole('button', { name: 'Hold automatic failover' })).toBeTruthy();
  expect(screen.queryByText(/Moving the rack/)).toBeNull();
});

test('the last automatic failover is acknowledged', async () => {
  let acknowledged = false;
  const actions = { ...secondaryStatus().actions, acknowledge_failover: allowed };
  statusIs(() =>
    secondaryStatus({
      actions,
      failover: failoverReady({ last_failover: { at: agoIso(600_000), term: 4, acknowledged } }),
    }),
  );
  server.use(
    http.post('/api/cluster/failover/acknowledge', () => {
      acknowledged = true;
      return HttpResponse.json({ ok: true });
    }),
  );
  const user = openPanel('/settings/cluster');
  expect(await screen.findByText(/1\d min \d+ s ago and began term 4/)).toBeTruthy();
  await user.click(screen.getByRole('button', { name: 'Acknowledge' }));
  expect(await screen.findByText(/It has been acknowledged/)).toBeTruthy();
  expect(screen.queryByRole('button', { name: 'Acknowledge' })).toBeNull();
});

test('the arbiter: who holds the lease, how long writes go on without it, and whether the guard lives', async () => {
  statusIs(() => mainStatus({ arbiter: arbiterAnswers({ guard_alive: false }) }));
  openPanel('/settings/cluster');
  const card = await screen.findByRole('region', { name: 'Arbiter' });
  expect(within(card).getByText('answers')).toBeTruthy();
  expect(within(card).getByText('Main’s lease is held by').nextElementSibling?.textContent).toBe('DC1 Primary');
  expect(within(card).getByText('is not running')).toBeTruthy();
  expect(within(card).getByText(/^(for about [1-9] s|no longer, unless)/)).toBeTruthy();
});

test('an arbiter that is away is shown as that; without one there is no card', async () => {
  let arbiter: ReturnType<typeof arbiterAnswers> | null = null;
  statusIs(() => secondaryStatus({ poll_after_ms: 500, arbiter }));
  openPanel('/settings/cluster');
  await failoverCard();
  expect(screen.queryByRole('region', { name: 'Arbiter' })).toBeNull();
  arbiter = arbiterAnswers({ state: 'away', lease_node_id: null, deadline_in_ms: null, guard_alive: null });
  const card = await screen.findByRole('region', { name: 'Arbiter' });
  expect(within(card).getByText('away')).toBeTruthy();
  expect(within(card).getByText('nobody')).toBeTruthy();
});
