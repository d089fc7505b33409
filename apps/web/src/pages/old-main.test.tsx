import type { DurabilityStatus } from '@proxpanel/contracts/status';
import { screen, waitFor, within } from '@testing-library/react';
import { http, HttpResponse } from 'msw';
import { expect, test } from 'vitest';
import { asyncDurability, divergence } from '../testing/change-fixtures.ts';
import { agoIso, allowed, mainNode, refused, secondaryNode } from '../testing/node-fixtures.ts';
import { openPanel, refusal, server, statusIs, serveInTests } from '../testing/panel.tsx';
import { cloningStatus, mainStatus } from '../testing/status-fixtures.ts';

serveInTests();

/** The old main: superseded by DC2 Secondary, read-only, with rows of its own. */
function divergedStatus(changes: Parameters<typeof mainStatus>[0] = {}): ReturnType<typeof mainStatus> {
  const base = mainStatus();
  return {
    ...base,
    server: { ...base.server, role: 'secondary', effective_role: 'secondary' },
    database: { ...base.database, state: 'recovery' },
    writes: { allowed: false, sentence: 'DC2 Secondary is main; this server’s writes are shut.' },
    nodes: [
      mainNode({ is_main: false, role: 'secondary', status: 'diverged' }),
      secondaryNode({ is_main: true, role: 'main' }),
    ],
    actions: { ...base.actions, rejoin: allowed },
    divergence: divergence(),
    ...changes,
  };
}

test('a diverged server shows both sides’ numbers in one table, and the rows that only it has', async () => {
  statusIs(() => divergedStatus());
  openPanel('/settings/cluster');
  const card = await screen.findByRole('region', { name: 'This server’s history is another one' });
  const table = within(card).getByRole('table', { name: 'What each side holds' });
  const rows = within(table)
    .getAllByRole('row')
    .map((row) => [...row.children].map((cell) => cell.textContent));
  expect(rows).toEqual([
    ['Figure', 'This server', 'DC2 Secondary (main)'],
    ['Term', '1', '2'],
    ['Promotions', '1', '2only here: 1c9d7f10'],
    ['Timeline', '1', '–'],
    ['End of its WAL', '0/5400000', '–'],
    ['Forked at', '0/5000148', '0/5000148'],
    ['Written past the fork', '4.2 MB', '–'],
  ]);
  const counted = within(card).getByRole('table', { name: /Rows written on this server since the fork/ });
  expect(within(counted).getByRole('rowheader', { name: 'subscribers' }).nextElementSibling?.textContent).toBe('12');
  expect(within(card).getByText(/pg_rewind takes this server’s database back/)).toBeTruthy();
});

test('equal timeline numbers are repaired by a fresh copy alone, and unknown figures are said to be unknown', async () => {
  const changes = { repair: 'base_backup', fork_lsn: null, bytes_past_fork: null, rows_since_fork: [] } as const;
  statusIs(() => divergedStatus({ divergence: divergence({ ...changes, rows_since_fork: [] }) }));
  openPanel('/settings/cluster');
  expect(await screen.findByText(/pg_rewind must not be used/)).toBeTruthy();
  expect(screen.getByRole('rowheader', { name: 'Written past the fork' }).nextElementSibling?.textContent).toBe(
    'unknown',
  );
});

test('Rejoin asks, makes the script, and then shows its command and its steps', async () => {
  let asked = 0;
  const at = agoIso(5_000);
  const join = {
    ...(cloningStatus().join ?? fail()),
    script_path: '/tmp/rejoin.sh',
    script_command: 'bash /tmp/rejoin.sh',
    phases: [
      { phase: 'preflight', state: 'completed', detail: '', at },
      { phase: 'base_backup', state: 'running', detail: '', at },
    ],
  } as const;
  statusIs(() => divergedStatus(asked === 0 ? {} : { join: { ...join, phases: [...join.phases] } }));
  server.use(
    http.post('/api/cluster/rejoin', () => {
      asked += 1;
      const { node_id, slot_name, script_path, script_command } = join;
      return HttpResponse.json({ node_id, slot_name, script_path, script_command });
    }),
    http.get('/api/cluster/rejoin.sh', () => HttpResponse.text('#!/usr/bin/env bash\n# repair\n')),
  );
  const user = openPanel('/settings/cluster');
  await user.click(await screen.findByRole('button', { name: 'Rejoin' }));
  const dialog = screen.getByRole('dialog', { name: 'Rejoin' });
  expect(within(dialog).getByText(/4\.2 MB of WAL past the fork, 15 rows that can be counted/)).toBeTruthy();
  expect(asked).toBe(0);
  await user.click(within(dialog).getByRole('button', { name: 'Rejoin' }));
  expect(await screen.findByText('bash /tmp/rejoin.sh')).toBeTruthy();
  const steps = screen.getByRole('list', { name: 'Steps of the repair' });
  expect(within(steps).getByText('Clone the main database').nextElementSibling?.textContent).toBe('running');
  expect(within(steps).getByText('Follow the main server').nextElementSibling?.textContent).toBe('not yet');
  // Whether it rewinds is known only once it does.
  expect(within(steps).queryByText('Rewind the copy to main’s history')).toBeNull();
  expect(await screen.findByText(/# repair/)).toBeTruthy();
  expect(screen.getByRole('link', { name: 'Download' }).getAttribute('href')).toBe('/api/cluster/rejoin.sh');
});

test('a main that waits says for what; "I am the only main" wants the name typed', async () => {
  const bodies: unknown[] = [];
  const base = mainStatus();
  const wait = 'No other server has confirmed yet that this one is still main.';
  statusIs(() =>
    mainStatus({
      server: { ...base.server, effective_role: 'secondary' },
      database: { ...base.database, state: 'recovery' },
      writes: { allowed: false, sentence: wait },
      actions: { ...base.actions, claim_main: allowed },
    }),
  );
  server.use(
    http.post('/api/cluster/claim-main', async ({ request }) => {
      bodies.push(await request.json());
      if (bodies.length === 1) {
        const reasons = [{ code: 'peer_newer', sentence: 'DC2 Secondary has term 3.' }];
        return refusal(409, 'BLOCKED', 'This cannot be done now.', { reasons });
      }
      return HttpResponse.json({ operation_id: '5b3f5c1e-0c5b-4f0c-9c57-7a1f64f0a001' }, { status: 202 });
    }),
  );
  const user = openPanel('/settings/cluster');
  const card = await screen.findByRole('region', { name: 'This server is main, waiting, read-only' });
  expect(screen.getByText(wait)).toBeTruthy();
  expect(within(card).getByText(/waits for the signed word of another server/)).toBeTruthy();
  expect(screen.getByText('main, waiting, read-only')).toBeTruthy();
  await user.click(within(card).getByRole('button', { name: 'I am the only main' }));
  const dialog = screen.getByRole('dialog');
  const confirm = within(dialog).getByRole('button', { name: 'I am the only main' });
  expect(confirm).toHaveProperty('disabled', true);
  await user.type(within(dialog).getByLabelText(/Type the display name/), 'DC1 Primary');
  await user.click(confirm);
  expect(await within(dialog).findByText('DC2 Secondary has term 3.')).toBeTruthy();
  await user.click(confirm);
  await waitFor(() => {
    expect(screen.queryByRole('dialog')).toBeNull();
  });
  expect(bodies).toEqual([{ confirm: 'DC1 Primary' }, { confirm: 'DC1 Primary' }]);
});

test('a fenced server that may not claim to be main is not offered to', async () => {
  statusIs(() =>
    divergedStatus({
      divergence: null,
      nodes: [
        mainNode({ is_main: false, role: 'secondary', status: 'fenced', status_reason: 'It waits for WAL.' }),
        secondaryNode({ is_main: true, role: 'main' }),
      ],
      actions: { ...mainStatus().actions, claim_main: refused('NOT_MAIN', 'DC2 Secondary is main.') },
    }),
  );
  openPanel('/settings/cluster');
  const card = await screen.findByRole('region', { name: 'This server is fenced: its writes are shut' });
  expect(within(card).getByText('It waits for WAL.')).toBeTruthy();
  expect(within(card).queryByRole('button')).toBeNull();
});

const stalled: DurabilityStatus = {
  ...asyncDurability,
  wanted: 'sync',
  state: 'stalled',
  since: agoIso(30_000),
  sentence: 'Commits wait for a secondary.',
};

test('stalled writes: "Allow async" names what may be lost and wants the name typed', async () => {
  const bodies: unknown[] = [];
  const actions = { ...mainStatus().actions, allow_async: allowed };
  statusIs(() => mainStatus({ durability: stalled, actions }));
  server.use(
    http.post('/api/cluster/allow-async', async ({ request }) => {
      bodies.push(await request.json());
      return HttpResponse.json({ ok: true });
    }),
  );
  const user = openPanel('/settings/cluster');
  const card = await screen.findByRole('region', { name: 'Durability' });
  expect(within(card).getByText(/Commits wait for a secondary/)).toBeTruthy();
  await user.click(within(card).getByRole('button', { name: 'Allow async' }));
  const dialog = screen.getByRole('dialog');
  expect(within(dialog).getByText(/acknowledged writes may be lost/)).toBeTruthy();
  const confirm = within(dialog).getByRole('button', { name: 'Allow async' });
  expect(confirm).toHaveProperty('disabled', true);
  await user.type(within(dialog).getByLabelText(/Type the display name/), 'DC1 Primary');
  await user.click(confirm);
  await waitFor(() => {
    expect(bodies).toEqual([{ confirm: 'DC1 Primary' }]);
  });
});

test('the way to sync leads to the settings with that change made; a refusal stands beside its field', async () => {
  const bodies: unknown[] = [];
  statusIs(() => mainStatus());
  server.use(
    http.patch('/api/cluster/settings', async ({ request }) => {
      bodies.push(await request.json());
      return refusal(409, 'NOT_AVAILABLE', 'No secondary is streaming.', { field: 'durability' });
    }),
  );
  const user = openPanel('/settings/cluster');
  await user.click(await screen.findByRole('button', { name: 'Switch to sync' }));
  const dialog = screen.getByRole('dialog');
  const field = within(dialog).getByLabelText('Durability');
  expect(field).toHaveProperty('value', 'sync');
  await user.click(within(dialog).getByRole('button', { name: 'Save' }));
  await waitFor(() => {
    expect(field.getAttribute('aria-invalid')).toBe('true');
  });
  expect(bodies).toEqual([{ durability: 'sync' }]);
});

function fail(): never {
  throw new Error('The fixture has no join.');
}
