import { screen, waitFor, within } from '@testing-library/react';
import { http, HttpResponse } from 'msw';
import { expect, test } from 'vitest';
import { openPanel, server, statusIs, serveInTests } from '../testing/panel.tsx';
import { mainStatus, standaloneStatus } from '../testing/status-fixtures.ts';

serveInTests();

const secret = '0123456789abcdef'.repeat(4);

const setupReply = {
  cluster_id: '3f0f6d0e-8f54-4f6e-9a70-2f3a5b6c7d81',
  cluster_secret: secret,
  node_id: 1,
  role: 'main',
  hba_line: 'host replication replicator 10.0.0.2/32 scram-sha-256',
  pending_restart: [{ name: 'wal_log_hints', wanted: 'on', running: 'off' }],
  restart_command: 'pg_ctlcluster 15 main restart',
  advice: ['Let port 5432 through the firewall.'],
};

function setupMainReplies(bodies: unknown[]): void {
  server.use(
    http.post('/api/cluster/setup-main', async ({ request }) => {
      bodies.push(await request.json());
      return HttpResponse.json(setupReply);
    }),
  );
}

test('configure: the secret is masked, and its dialog stays until "I have saved it" is ticked', async () => {
  const bodies: unknown[] = [];
  statusIs(() => (bodies.length === 0 ? standaloneStatus() : mainStatus()));
  setupMainReplies(bodies);
  const user = openPanel('/settings/cluster');
  await user.click(await screen.findByRole('button', { name: 'Configure as Main Server' }));
  expect(screen.getByLabelText('Address of this server')).toHaveProperty('value', '10.0.0.1');
  expect(screen.getByPlaceholderText('DC1 Primary')).toBe(screen.getByLabelText('Display name'));
  await user.click(screen.getByRole('button', { name: 'Configure' }));
  const dialog = await screen.findByRole('dialog');
  expect(bodies).toEqual([{ address: '10.0.0.1' }]);
  const field = within(dialog).getByLabelText('Cluster Secret');
  expect(field).toHaveProperty('type', 'password');
  await user.click(within(dialog).getByRole('button', { name: 'Show' }));
  expect(field).toHaveProperty('type', 'text');
  expect(field).toHaveProperty('value', secret);
  expect(within(dialog).getByText('pg_ctlcluster 15 main restart')).toBeTruthy();
  expect(within(dialog).getByText('Let port 5432 through the firewall.')).toBeTruthy();

  const close = within(dialog).getByRole('button', { name: 'Close' });
  expect(close).toHaveProperty('disabled', true);
  await user.keyboard('{Escape}');
  // The tab has become the main server's meanwhile; the dialog outlives that.
  await screen.findByText('This server is main and takes writes.');
  expect(screen.getByRole('dialog')).toBeTruthy();
  await user.click(within(dialog).getByLabelText('I have saved it'));
  await user.click(close);
  await waitFor(() => {
    expect(screen.queryByRole('dialog')).toBeNull();
  });
});

test('join: a wrong form is refused before anything is sent, and the box must be ticked', async () => {
  const bodies: unknown[] = [];
  statusIs(() => standaloneStatus());
  server.use(
    http.post('/api/cluster/setup-secondary', async ({ request }) => {
      bodies.push(await request.json());
      return HttpResponse.json({
        node_id: 2,
        slot_name: 'replica_2',
        script_path: '/tmp/s.sh',
        script_command: 'bash /tmp/s.sh',
      });
    }),
  );
  const user = openPanel('/settings/cluster');
  await user.click(await screen.findByRole('button', { name: 'Join as Secondary' }));
  await user.type(screen.getByLabelText('Main Server IP'), '10.0.0.1');
  await user.type(screen.getByLabelText('Cluster Secret'), 'abc');
  await user.click(screen.getByRole('button', { name: 'Join Cluster' }));
  expect(await screen.findByText(/exactly 64 hexadecimal characters; this one has 3/)).toBeTruthy();
  expect(screen.getByText(/Tick this box to go on/)).toBeTruthy();
  expect(bodies).toEqual([]);
  await user.clear(screen.getByLabelText('Cluster Secret'));
  await user.type(screen.getByLabelText('Cluster Secret'), ` ${secret} `);
  await user.click(screen.getByRole('checkbox', { name: /42 subscribers/ }));
  await user.click(screen.getByRole('button', { name: 'Join Cluster' }));
  await waitFor(() => {
    expect(bodies).toEqual([{ main_address: '10.0.0.1', cluster_secret: secret }]);
  });
});

test('test connection: a line per check, with its fix', async () => {
  statusIs(() => standaloneStatus());
  const refused = '10.0.0.1:5432 refused the connection.';
  server.use(
    http.post('/api/cluster/test-connection', () =>
      HttpResponse.json({
        ok: false,
        main: null,
        own_subscriber_count: 42,
        checks: [
          {
            name: 'api',
            ok: true,
            warning: true,
            detail: 'Round trip 61 ms.',
            fix: 'Use a nearer server.',
            latency_ms: 61,
          },
          { name: 'secret', ok: true, warning: false, detail: 'It is right.', fix: null },
          { name: 'database_port', ok: false, warning: false, detail: refused, fix: 'Set listen_addresses.' },
        ],
      }),
    ),
  );
  const user = openPanel('/settings/cluster');
  await user.click(await screen.findByRole('button', { name: 'Join as Secondary' }));
  await user.type(screen.getByLabelText('Main Server IP'), '10.0.0.1');
  await user.type(screen.getByLabelText('Cluster Secret'), secret);
  await user.click(screen.getByRole('button', { name: 'Test Connection' }));
  const lines = within(await screen.findByRole('list', { name: 'Checks' })).getAllByRole('listitem');
  expect(lines.map((line) => /^(ok|warning|failed)/.exec(line.textContent)?.[0])).toEqual(['warning', 'ok', 'failed']);
  expect(lines[2]?.textContent).toContain(`${refused}What to do: Set listen_addresses.`);
});

test('the secret is shown even when a poll has replaced the form before the reply came', async () => {
  let configured = false;
  let reply: () => void = () => undefined;
  const replied = new Promise<void>((resolve) => {
    reply = resolve;
  });
  statusIs(() => ({ ...(configured ? mainStatus() : standaloneStatus()), poll_after_ms: 500 }));
  server.use(
    http.post('/api/cluster/setup-main', async () => {
      configured = true;
      await replied;
      return HttpResponse.json(setupReply);
    }),
  );
  const user = openPanel('/settings/cluster');
  await user.click(await screen.findByRole('button', { name: 'Configure as Main Server' }));
  await user.click(screen.getByRole('button', { name: 'Configure' }));
  await screen.findByText('This server is main and takes writes.');
  expect(screen.queryByRole('dialog')).toBeNull();
  reply();
  expect(within(await screen.findByRole('dialog')).getByLabelText('Cluster Secret')).toHaveProperty('value', secret);
});
