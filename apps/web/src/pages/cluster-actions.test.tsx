import { screen, waitFor, within } from '@testing-library/react';
import { http, HttpResponse } from 'msw';
import { expect, test } from 'vitest';
import { openPanel, refusal, server, statusIs, serveInTests } from '../testing/panel.tsx';
import { mainStatus, promotion, secondaryStatus } from '../testing/status-fixtures.ts';

serveInTests();

const secret = '0123456789abcdef'.repeat(4);

test('promote asks no name unless the server wants one, and shows the phases', async () => {
  const operation = promotion();
  const bodies: unknown[] = [];
  statusIs(() => secondaryStatus(bodies.length === 0 ? {} : { operation }));
  server.use(
    http.post('/api/cluster/promote', async ({ request }) => {
      bodies.push(await request.json());
      return HttpResponse.json({ operation_id: operation.id }, { status: 202 });
    }),
    http.get('/api/cluster/operations/:id', () => HttpResponse.json(operation)),
  );
  const user = openPanel('/settings/cluster');
  await user.click(await screen.findByRole('button', { name: 'Promote to Main' }));
  const dialog = screen.getByRole('dialog');
  expect(within(dialog).queryByLabelText(/display name/)).toBeNull();
  expect(within(dialog).getByText('Nothing that main is known to have written is missing here.')).toBeTruthy();
  await user.click(within(dialog).getByRole('button', { name: 'Promote to Main' }));
  await within(await screen.findByRole('dialog')).findByText('Promote the database');
  expect(bodies).toEqual([{ mode: 'emergency', node_id: 2 }]);
});

test('promote asks the display name when the server wants it, and sends it', async () => {
  const bodies: unknown[] = [];
  const base = secondaryStatus();
  const warnings = [{ code: 'MAIN_ALIVE', sentence: 'Main answered 4 s ago.' }];
  statusIs(() => secondaryStatus({ promote: { ...base.promote, confirm_name: 'DC2 Secondary', warnings } }));
  server.use(
    http.post('/api/cluster/promote', async ({ request }) => {
      bodies.push(await request.json());
      return refusal(409, 'BLOCKED', 'This cannot be done now.', {
        reasons: [{ code: 'LAG', sentence: 'The lag is over the limit.' }],
      });
    }),
  );
  const user = openPanel('/settings/cluster');
  await user.click(await screen.findByRole('button', { name: 'Promote to Main' }));
  const dialog = screen.getByRole('dialog');
  expect(within(dialog).getByText('Main answered 4 s ago.')).toBeTruthy();
  const confirm = within(dialog).getByRole('button', { name: 'Promote to Main' });
  expect(confirm).toHaveProperty('disabled', true);
  await user.type(within(dialog).getByLabelText(/Type the display name/), 'DC2 Secondary');
  await user.click(confirm);
  expect(await within(dialog).findByText('The lag is over the limit.')).toBeTruthy();
  expect(bodies).toEqual([{ mode: 'emergency', node_id: 2, confirm: 'DC2 Secondary' }]);
});

test('remove asks first, removes only then, and shows the new secret', async () => {
  const removed: string[] = [];
  statusIs(() => mainStatus());
  server.use(
    http.delete('/api/cluster/nodes/:id', ({ params }) => {
      removed.push(String(params['id']));
      return HttpResponse.json({ ok: true, sentence: 'DC2 Secondary was removed.', cluster_secret: secret });
    }),
  );
  const user = openPanel('/settings/cluster');
  await user.click(await screen.findByRole('button', { name: 'Remove DC2 Secondary' }));
  const dialog = screen.getByRole('dialog', { name: 'Remove DC2 Secondary?' });
  expect(removed).toEqual([]);
  await user.click(within(dialog).getByRole('button', { name: 'Remove' }));
  await waitFor(() => {
    expect(removed).toEqual(['2']);
  });
  const shown = await screen.findByRole('dialog', { name: 'Save this secret now' });
  expect(within(shown).getByText('DC2 Secondary was removed.')).toBeTruthy();
  expect(within(shown).getByLabelText('Cluster Secret')).toHaveProperty('value', secret);
});

test('leave asks what becomes of the database and says it to the server', async () => {
  const bodies: unknown[] = [];
  statusIs(() => secondaryStatus());
  server.use(
    http.post('/api/cluster/leave', async ({ request }) => {
      bodies.push(await request.json());
      return HttpResponse.json({ ok: true, told_main: false, sentence: 'This server stands alone.' });
    }),
  );
  const user = openPanel('/settings/cluster');
  await user.click(await screen.findByRole('button', { name: 'Leave Cluster' }));
  const confirm = within(screen.getByRole('dialog')).getByRole('button', { name: 'Leave Cluster' });
  expect(confirm).toHaveProperty('disabled', true);
  await user.click(screen.getByRole('radio', { name: 'Keep it read-only' }));
  await user.click(confirm);
  await screen.findByText(/The main server could not be told/);
  expect(bodies).toEqual([{ promote_database: false }]);
});

test('disband lists the slots that are left with the command that drops each', async () => {
  const drop = `psql -c "SELECT pg_drop_replication_slot('replica_2')"`;
  statusIs(() => mainStatus());
  server.use(
    http.post('/api/cluster/disband', () =>
      HttpResponse.json({ ok: true, sentence: 'Disbanded.', slots: [{ slot_name: 'replica_2', drop_command: drop }] }),
    ),
  );
  const user = openPanel('/settings/cluster');
  await user.click(await screen.findByRole('button', { name: 'Disband Cluster' }));
  await user.click(within(screen.getByRole('dialog')).getByRole('button', { name: 'Disband Cluster' }));
  expect(await screen.findByText(drop)).toBeTruthy();
});

test('settings: only what was changed is sent, in milliseconds', async () => {
  const bodies: unknown[] = [];
  const settings = mainStatus().cluster?.settings;
  statusIs(() => mainStatus());
  server.use(
    http.patch('/api/cluster/settings', async ({ request }) => {
      bodies.push(await request.json());
      return HttpResponse.json({ settings });
    }),
  );
  const user = openPanel('/settings/cluster');
  await user.click(await screen.findByRole('button', { name: 'Change settings' }));
  const field = screen.getByLabelText('Late after (seconds)');
  await user.clear(field);
  await user.click(screen.getByRole('button', { name: 'Save' }));
  expect(await screen.findByText('Type a number.')).toBeTruthy();
  await user.type(field, '45.5');
  await user.click(screen.getByRole('button', { name: 'Save' }));
  await waitFor(() => {
    expect(bodies).toEqual([{ late_after_ms: 45_500 }]);
  });
});
