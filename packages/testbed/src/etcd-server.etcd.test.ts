import { expect, test } from 'vitest';
import { startEtcd, startEtcdCluster } from './etcd-server.ts';
import type { EtcdServer } from './etcd-server.ts';
import { commandLineOf, listProcesses } from './processes.ts';
import { waitFor } from './wait-for.ts';
import { openWorkspace } from './workspace.ts';

const key = Buffer.from('/proxpanel/kept').toString('base64');

async function read(etcd: EtcdServer): Promise<unknown> {
  return (await etcd.client.call('/v3/kv/range', { key }))['count'];
}

test('what was written outlives a kill and a pause, and is gone after a loss of data', async () => {
  await using etcd = await startEtcd();
  await etcd.client.call('/v3/kv/put', { key, value: key });
  await etcd.kill();
  await expect(read(etcd)).rejects.toThrow();
  await etcd.start();
  expect(await read(etcd)).toBe('1');
  await etcd.pause();
  await expect(read(etcd)).rejects.toThrow();
  etcd.resume();
  await waitFor(() => read(etcd), { describe: 'the key', until: (count) => count === '1' });
  await etcd.forget();
  expect(await read(etcd)).toBeUndefined();
});

test('with TLS and an account it answers nobody without them, and no argument shows the password', async () => {
  await using etcd = await startEtcd({ tls: true, authentication: true });
  expect(etcd.environment).toMatchObject({ ARBITER_URL: etcd.url, ARBITER_USERNAME: 'panel' });
  expect(etcd.url).toMatch(/^https:/);
  await expect(read(etcd)).rejects.toThrow(/user name is empty/);
  await expect(fetch(`${etcd.url}/health`)).rejects.toThrow();
  expect(listProcesses().filter(({ pid }) => commandLineOf(pid)?.includes(etcd.password ?? ''))).toEqual([]);
});

test('two of three are a quorum, one is none', async () => {
  await using workspace = await openWorkspace();
  const [first, second, third] = await startEtcdCluster(workspace, 3);
  const healthy = (expected: boolean) =>
    waitFor(() => first?.client.isHealthy(), {
      describe: `the first to be ${expected ? 'healthy' : 'without a quorum'}`,
      until: (is) => is === expected,
    });
  await healthy(true);
  await second?.kill();
  await healthy(true);
  await third?.kill();
  await healthy(false);
  for (const member of [first, second, third]) await member?.client.close();
});
