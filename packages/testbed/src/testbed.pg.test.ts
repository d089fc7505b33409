import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { joinServers } from './join-servers.ts';
import { createTestbed } from './testbed.ts';
import { waitFor } from './wait-for.ts';

test('a server serves its panel, and its BFF can be paused, resumed, killed and started again with other variables', async () => {
  await using testbed = await createTestbed();
  const server = await testbed.addServer('only');
  const panel = await server.panel().signIn();
  expect((await panel.get('/api/cluster/status')).status).toBe(200);
  await expect(server.panel().signIn('admin', 'wrong')).rejects.toMatchObject({ code: 'BAD_REPLY' });

  await server.bff.pause();
  await expect(panel.get('/health', { timeoutMs: 1_000 })).rejects.toThrow(/timeout/i);
  server.bff.resume();
  expect((await panel.get('/health')).status).toBe(200);

  await server.bff.kill();
  expect(server.bff.isRunning()).toBe(false);
  await expect(panel.get('/health')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  await server.bff.restart({ PANEL_VERSION: '9.9.9' });
  expect((await panel.get<{ version: string }>('/health')).body.version).toBe('9.9.9');
});

test('the BFF gets the variables of the design and nothing of ours', async () => {
  await using testbed = await createTestbed();
  const server = await testbed.addServer('only');
  const names = readFileSync(`/proc/${server.bff.pid}/environ`, 'utf8')
    .split('\0')
    .map((pair) => pair.split('=')[0])
    .filter((name) => name !== '');
  expect(names.sort()).toEqual(['LANG', 'PATH', ...Object.keys(server.bff.environment)].sort());
});

test('a BFF with a bad variable ends, and what it said is at hand', async () => {
  await using testbed = await createTestbed();
  const server = await testbed.addServer('only', { start: { bff: false }, environment: { PORT: 'eighty' } });
  await server.bff.start();
  await expect(server.bff.waitUntilReady()).rejects.toMatchObject({ code: 'PROCESS_DIED' });
  expect(await server.bff.exitStatus()).toMatchObject({ code: 1 });
  expect(server.bff.readLog()).toContain('PORT');
});

test('two servers join by their API and the script, and come back after a power cut of both', async () => {
  await using testbed = await createTestbed();
  const [main, secondary] = await Promise.all([testbed.addServer('main'), testbed.addServer('secondary')]);
  await joinServers(main, secondary);
  await main.postgres.query('CREATE TABLE written (by text)');
  await main.postgres.query("INSERT INTO written VALUES ('main')");
  const arrived = () => secondary.postgres.query("SELECT by FROM written WHERE by = 'main'");
  await waitFor(arrived, { describe: "main's row on the secondary", until: (rows) => rows.length === 1 });
  expect(await secondary.postgres.isInRecovery()).toBe(true);
  await Promise.all([main.kill(), secondary.kill()]);
  expect([main.postgres, main.redis, main.bff].map((each) => each.isRunning())).toEqual([false, false, false]);
  await Promise.all([main.start(), secondary.start()]);
  expect(await arrived()).toEqual([{ by: 'main' }]);
});
