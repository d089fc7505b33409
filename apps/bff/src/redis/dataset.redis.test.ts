/** Whose data a main's Redis holds, and who may copy them (SAFETY §2). */
import { expect, test } from 'vitest';
import { startRedis } from '@proxpanel/testbed/redis-server';
import { openWorkspace } from '@proxpanel/testbed/workspace';
import { waitFor } from '@proxpanel/testbed/wait-for';
import { createRedisAdapter } from './redis-adapter.ts';
import { login, openAdapter, secondary, settled } from './test-adapter.ts';

test("a main's Redis that restarted empty is never followed (SAFETY §2)", async () => {
  await using workspace = await openWorkspace();
  const mainRedis = await startRedis({ workspace, name: 'main' });
  const otherRedis = await startRedis({ workspace, name: 'secondary' });
  await using main = await openAdapter(mainRedis, {});
  await using other = await openAdapter(otherRedis, secondary);
  await mainRedis.command('SET', 'session', 'precious');
  await main.adapter.ensureReplicationUser(login);
  // Writes redis.conf while the replicas' user is there: it must not come back with the leave to copy.
  await main.adapter.openToReplicas();
  await other.adapter.follow(main.source);
  await settled(otherRedis, 'session', 'precious');
  await waitFor(() => other.adapter.look(), { describe: 'the link', until: ({ linkUp }) => linkUp === true });

  await mainRedis.kill();
  await mainRedis.start();
  // A session written by now must not make it look like the old data.
  await mainRedis.command('SET', 'session', 'of the emptied');
  const view = await waitFor(() => main.adapter.look(), {
    describe: 'main again',
    until: ({ state }) => state === 'main',
  });
  expect(view.alert).toContain('has lost its data');
  await expect(main.adapter.ensureReplicationUser(login)).rejects.toMatchObject({ code: 'BLOCKED' });
  // The replica has tried again since, and was refused.
  await waitFor(() => otherRedis.readLog(), {
    describe: 'a refused attempt to copy',
    until: (log) => /NOPERM|WRONGPASS/.test(log),
  });
  expect(await otherRedis.command('GET', 'session')).toBe('precious');
  await other.adapter.stopFollowing();
  await expect(other.adapter.follow(main.source)).rejects.toMatchObject({
    code: 'BLOCKED',
    message: expect.stringContaining('has lost the data that this server holds'),
  });
  expect(await otherRedis.command('GET', 'session')).toBe('precious');

  // The admin's way out, as the alert says it.
  const [, key = '', id = ''] = /redis-cli SET (\S+) (\S+)$/.exec(view.alert ?? '') ?? [];
  await mainRedis.command('SET', key, id);
  expect((await main.adapter.look()).alert).toBeNull();
  await other.adapter.follow(main.source);
  await settled(otherRedis, 'session', 'of the emptied');
});

test("a main's Redis that restarted with its data is followed again by itself", async () => {
  await using workspace = await openWorkspace();
  const mainRedis = await startRedis({
    workspace,
    name: 'main',
    appendOnly: true,
    settings: { appendfsync: 'always' },
  });
  const otherRedis = await startRedis({ workspace, name: 'secondary' });
  await using main = await openAdapter(mainRedis, {});
  await using other = await openAdapter(otherRedis, secondary);
  await main.adapter.ensureReplicationUser(login);
  await other.adapter.follow(main.source);
  await mainRedis.kill();
  await mainRedis.start();
  const view = await waitFor(() => main.adapter.look(), {
    describe: 'main again',
    until: ({ state }) => state === 'main',
  });
  expect(view.alert).toBeNull();
  await mainRedis.command('SET', 'session', 'after the restart');
  await settled(otherRedis, 'session', 'after the restart');
});

test('a flush without a restart is no lost set of data', async () => {
  await using redis = await startRedis();
  await using main = await openAdapter(redis, {});
  await main.adapter.ensureReplicationUser(login);
  const id = await redis.command('GET', 'cluster:dataset');
  await redis.command('FLUSHALL');
  expect((await main.adapter.look()).alert).toBeNull();
  expect(await redis.command('GET', 'cluster:dataset')).toBe(id);

  // Nor where the panel is started again before it has looked.
  await redis.command('FLUSHALL');
  const again = createRedisAdapter({ url: redis.url(), nodeFile: main.nodeFile.file, log: main.log });
  expect((await again.look()).alert).toBeNull();
  again.close();
  expect(await redis.command('GET', 'cluster:dataset')).toBe(id);
});

test('what a server saw of its data as main says nothing of those that it copied since', async () => {
  await using workspace = await openWorkspace();
  const redis = await startRedis({ workspace, name: 'first' });
  const otherRedis = await startRedis({ workspace, name: 'other' });
  await using first = await openAdapter(redis, {});
  await first.adapter.ensureReplicationUser(login);
  await otherRedis.command('CONFIG', 'SET', 'requirepass', '');
  await redis.command('REPLICAOF', otherRedis.host, String(otherRedis.port));
  await waitFor(() => first.adapter.look(), { describe: 'the copy', until: ({ linkUp }) => linkUp === true });
  await redis.command('REPLICAOF', 'NO', 'ONE');
  expect((await first.adapter.look()).alert).toContain('has lost its data');
});
