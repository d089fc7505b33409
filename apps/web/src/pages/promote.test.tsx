import type { Operation } from '@proxpanel/contracts/operations';
import type { ClusterStatus } from '@proxpanel/contracts/status';
import { screen, within } from '@testing-library/react';
import { http, HttpResponse } from 'msw';
import { expect, test } from 'vitest';
import { openPanel, refusal, server, statusIs, serveInTests } from '../testing/panel.tsx';
import { allowed, refused } from '../testing/node-fixtures.ts';
import { mainStatus, promotion, secondaryStatus } from '../testing/status-fixtures.ts';

serveInTests();

const planned: ClusterStatus['promote'] = {
  ...allowed,
  node_id: 2,
  mode: 'switchover',
  warnings: [],
  confirm_name: null,
  loss_forecast: null,
};

const away = { code: 'arbiter_away', sentence: 'The arbiter does not answer, so nobody can be made main by it.' };

function promoteReplies(reply: () => Response): unknown[] {
  const bodies: unknown[] = [];
  server.use(
    http.post('/api/cluster/promote', async ({ request }) => {
      bodies.push(await request.json());
      return reply();
    }),
    http.get('/api/cluster/operations/:id', () => HttpResponse.json(promotion())),
  );
  return bodies;
}

const accepted = (): Response => HttpResponse.json({ operation_id: promotion().id }, { status: 202 });

test('a planned switchover is offered on the main server’s page too, and says that nothing is lost', async () => {
  statusIs(() => mainStatus({ promote: planned }));
  const bodies = promoteReplies(accepted);
  const user = openPanel('/settings/cluster');
  const section = await screen.findByRole('region', { name: 'Change the main server' });
  expect(within(section).getByText(/makes DC2 Secondary the main server/)).toBeTruthy();
  await user.click(within(section).getByRole('button', { name: 'Promote to Main' }));
  const dialog = screen.getByRole('dialog');
  expect(within(dialog).getByText(/Nothing is lost; writes pause for a moment/)).toBeTruthy();
  expect(within(dialog).queryByLabelText(/display name/)).toBeNull();
  await user.click(within(dialog).getByRole('button', { name: 'Promote to Main' }));
  await screen.findByText(/Closing this window does not stop it/);
  expect(bodies).toEqual([{ mode: 'switchover', node_id: 2 }]);
});

test('a rehearsal shows its checks, and the pause that it estimates', async () => {
  statusIs(() => mainStatus({ promote: planned }));
  server.use(
    http.post('/api/cluster/rehearse', () =>
      HttpResponse.json({
        ok: true,
        estimated_gap_ms: 340,
        checks: [
          { name: 'replication_lag', ok: true, warning: false, detail: 'DC2 Secondary lags 0 s.' },
          { name: 'unlogged_tables', ok: true, warning: true, detail: 'One unlogged table will be empty.' },
        ],
      }),
    ),
  );
  const user = openPanel('/settings/cluster');
  await user.click(await screen.findByRole('button', { name: 'Promote to Main' }));
  const dialog = screen.getByRole('dialog');
  await user.click(within(dialog).getByRole('button', { name: 'Rehearse' }));
  const lines = within(await within(dialog).findByRole('list', { name: 'Checks' })).getAllByRole('listitem');
  expect(lines.map((line) => line.textContent)).toEqual([
    'okReplication lagDC2 Secondary lags 0 s.',
    'warningUnlogged tablesOne unlogged table will be empty.',
  ]);
  expect(within(dialog).getByText(/writes pause for about 0\.34 s/)).toBeTruthy();
});

test('a rehearsal that fails says that a switchover would be refused', async () => {
  statusIs(() => mainStatus({ promote: { ...planned, ...refused('LAG', 'DC2 Secondary lags 40 s.') } }));
  const check = { name: 'replication_lag', ok: false, warning: false, detail: 'DC2 Secondary lags 40 s.' };
  server.use(
    http.post('/api/cluster/rehearse', () => HttpResponse.json({ ok: false, estimated_gap_ms: null, checks: [check] })),
  );
  const user = openPanel('/settings/cluster');
  const promote = await screen.findByRole('button', { name: 'Promote to Main' });
  expect(promote).toHaveProperty('disabled', true);
  expect(screen.getByText('DC2 Secondary lags 40 s.')).toBeTruthy();
  await user.click(screen.getByRole('button', { name: 'Rehearse' }));
  const dialog = screen.getByRole('dialog', { name: 'Rehearse a switchover' });
  await user.click(within(dialog).getByRole('button', { name: 'Rehearse' }));
  expect(await within(dialog).findByText('A switchover would be refused now.')).toBeTruthy();
});

test('without its arbiter an emergency needs a decision of its own', async () => {
  const promote = { ...secondaryStatus().promote, allowed: false, reasons: [away] };
  statusIs(() => secondaryStatus({ promote }));
  const bodies = promoteReplies(accepted);
  const user = openPanel('/settings/cluster');
  await user.click(await screen.findByRole('button', { name: 'Promote to Main' }));
  const dialog = screen.getByRole('dialog');
  const confirm = within(dialog).getByRole('button', { name: 'Promote to Main' });
  expect(confirm).toHaveProperty('disabled', true);
  await user.click(within(dialog).getByRole('checkbox', { name: /Promote without the arbiter/ }));
  await user.click(confirm);
  await screen.findByText(/Closing this window does not stop it/);
  expect(bodies).toEqual([{ mode: 'emergency', node_id: 2, without_arbiter: true }]);
});

test('the decision about the arbiter is offered only once the server says that it is away', async () => {
  statusIs(() => secondaryStatus());
  const bodies = promoteReplies(() => refusal(409, 'BLOCKED', 'The promotion is refused.', { reasons: [away] }));
  const user = openPanel('/settings/cluster');
  await user.click(await screen.findByRole('button', { name: 'Promote to Main' }));
  const dialog = screen.getByRole('dialog');
  expect(within(dialog).queryByRole('checkbox')).toBeNull();
  await user.click(within(dialog).getByRole('button', { name: 'Promote to Main' }));
  expect(await within(dialog).findByRole('checkbox', { name: /Promote without the arbiter/ })).toBeTruthy();
  expect(within(dialog).getByRole('button', { name: 'Promote to Main' })).toHaveProperty('disabled', true);
  expect(bodies).toEqual([{ mode: 'emergency', node_id: 2 }]);
});

test('a planned change does not turn into an emergency under the hand', async () => {
  let lost = false;
  statusIs(() => secondaryStatus({ poll_after_ms: 500, ...(lost ? {} : { promote: planned }) }));
  const user = openPanel('/settings/cluster');
  await user.click(await screen.findByRole('button', { name: 'Promote to Main' }));
  await within(screen.getByRole('dialog')).findByText(/^Planned/);
  lost = true;
  await screen.findByText(/this would now be an emergency promotion/);
  expect(within(screen.getByRole('dialog')).queryByRole('button', { name: 'Promote to Main' })).toBeNull();
  await user.click(screen.getByRole('button', { name: 'Show the emergency promotion' }));
  expect(await screen.findByText('Loss forecast')).toBeTruthy();
});

function switchover(changes: Partial<Operation>): Operation {
  const at = Date.now() - 60_000;
  const iso = (ms: number): string => new Date(at + ms).toISOString();
  return promotion({
    kind: 'switchover',
    started_at: iso(0),
    phases: [
      { name: 'shut_gate', state: 'completed', started_at: iso(0), finished_at: iso(20), detail: null },
      { name: 'shut_database', state: 'completed', started_at: iso(20), finished_at: iso(150), detail: null },
      { name: 'weigh_anchor', state: 'running', started_at: iso(150), finished_at: null, detail: null },
    ],
    ...changes,
  });
}

test('a running operation says on which side of the point of no return it is, and how long its steps took', async () => {
  let granted = false;
  statusIs(() => mainStatus({ poll_after_ms: 500, operation: switchover({ granted }) }));
  openPanel('/settings/cluster');
  expect(await screen.findByText(/^Before the point of no return/)).toBeTruthy();
  const phases = screen.getByRole('list', { name: 'Phases of Planned switchover' });
  const lines = within(phases).getAllByRole('listitem');
  expect(lines[1]?.textContent).toContain('Put main’s database into recoverydone0.13 s');
  expect(lines[2]?.textContent).toContain('Weigh anchorrunning');
  granted = true;
  expect(await screen.findByText(/^Past the point of no return/)).toBeTruthy();
});

test('how an operation ended stays, however long ago, until it is put away, and then over a reload', async () => {
  const outcome = 'DC2 Secondary did not take over; DC1 Primary is main as before.';
  const finished = new Date(Date.now() - 86_400_000).toISOString();
  const operation = switchover({ state: 'rolled_back', finished_at: finished, outcome });
  statusIs(() => mainStatus({ operation }));
  const user = openPanel('/settings/cluster');
  const card = await screen.findByRole('region', { name: 'Planned switchover' });
  expect(within(card).getByText('rolled back')).toBeTruthy();
  expect(within(card).getByText(outcome)).toBeTruthy();
  await user.click(within(card).getByRole('button', { name: 'Put this report away' }));
  expect(screen.queryByText(outcome)).toBeNull();
  expect(window.localStorage.getItem('proxpanel.dismissed_operation')).toBe(operation.id);
});
