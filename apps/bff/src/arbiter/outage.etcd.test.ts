import { createServer } from 'node:http';
import { once } from 'node:events';
import { startEtcd, startEtcdCluster } from '@proxpanel/testbed/etcd-server';
import { reservePort } from '@proxpanel/testbed/free-port';
import { openWorkspace } from '@proxpanel/testbed/workspace';
import { waitFor } from '@proxpanel/testbed/wait-for';
import { expect, test } from 'vitest';
import { createClock } from '../host/clock.ts';
import { createArbiter } from './arbiter.ts';
import { arbiterOn, clusterId, quietLog, requestOf, take } from './test-arbiter.ts';

const common = { clock: createClock(), log: quietLog };
const nobody = { username: null, password: null, caPath: null };

/** The time that a call took, and how it ended: a hang would outlast the test's own patience. */
async function timed(call: Promise<unknown>): Promise<{ ended: unknown; seconds: number }> {
  const started = performance.now();
  const ended = await call.then(
    () => 'answered',
    (error: unknown) => error,
  );
  return { ended, seconds: (performance.now() - started) / 1000 };
}

test('without ARBITER_URL there is none, and every call says so', async () => {
  const none = await createArbiter({ ...common, access: null, timeoutMs: 1_000 });
  expect(none.configured).toBe(false);
  await expect(none.read(clusterId)).rejects.toMatchObject({ code: 'ARBITER_AWAY' });
  await none.close();
});

test('a stopped etcd and one that hangs are away, within the time-out, and back by themselves', async () => {
  await using etcd = await startEtcd();
  const arbiter = await arbiterOn(etcd);
  const hasty = await arbiterOn(etcd, { timeoutMs: 1_000 });
  const { leaseId } = await take(arbiter, 1);
  const calls = () => [hasty.read(clusterId), hasty.renewLease(clusterId, leaseId), hasty.releaseLease('7')];
  for (const [away, back] of [
    [() => etcd.stop(), () => etcd.start()],
    [() => etcd.pause(), () => Promise.resolve(etcd.resume())],
  ] as const) {
    await away();
    for (const { ended, seconds } of await Promise.all(calls().map(timed))) {
      expect(ended).toMatchObject({ code: 'ARBITER_AWAY' });
      // One second, and what a loaded machine adds.
      expect(seconds).toBeLessThan(10);
    }
    await back();
    await waitFor(() => arbiter.renewLease(clusterId, leaseId), {
      describe: 'the renewal after the outage',
      until: ({ renewed }) => renewed,
    });
  }
  await Promise.all([arbiter.close(), hasty.close()]);
});

test('the caller may give up earlier', async () => {
  await using etcd = await startEtcd();
  const arbiter = await arbiterOn(etcd);
  await etcd.pause();
  const giveUp = new AbortController();
  const reading = arbiter.read(clusterId, giveUp.signal);
  giveUp.abort(new Error('enough'));
  await expect(reading).rejects.toThrow('enough');
  etcd.resume();
  await arbiter.close();
});

test('with several endpoints a dead one costs nothing but its refusal', async () => {
  await using etcd = await startEtcd();
  const dead = await reservePort();
  const urls = [`http://127.0.0.1:${String(dead.value)}`, etcd.url];
  const arbiter = await arbiterOn(etcd, { access: { ...nobody, urls } });
  const { leaseId } = await take(arbiter, 1);
  expect(await arbiter.renewLease(clusterId, leaseId)).toMatchObject({ renewed: true });
  await etcd.stop();
  // The one that answered last is asked first, and the sentence names both.
  await expect(arbiter.read(clusterId)).rejects.toThrow(new RegExp(urls.toReversed().join('.*')));
  await arbiter.close();
  await dead.release();
});

test('a member without a quorum is away, though it answers', async () => {
  await using workspace = await openWorkspace();
  const [first, second, third] = await startEtcdCluster(workspace, 3);
  if (!first || !second || !third) throw new Error('there are three');
  const urls = [first.url, second.url, third.url];
  const arbiter = await arbiterOn(first, { access: { ...nobody, urls } });
  const hasty = await arbiterOn(first, { access: { ...nobody, urls }, timeoutMs: 3_000 });
  const { leaseId } = await take(arbiter, 1);
  const renewed = (describe: string) =>
    waitFor(() => arbiter.renewLease(clusterId, leaseId), { describe, until: (result) => result.renewed });
  await first.kill();
  await renewed('a renewal by two of three');
  await second.kill();
  await expect(hasty.read(clusterId)).rejects.toMatchObject({ code: 'ARBITER_AWAY' });
  await expect(hasty.renewLease(clusterId, leaseId)).rejects.toMatchObject({ code: 'ARBITER_AWAY' });
  await second.start();
  await renewed('a renewal once two are back');
  await Promise.all([arbiter.close(), hasty.close()]);
  for (const member of [first, second, third]) await member.client.close();
});

test('an arbiter that lost its data knows no term, and its revision has fallen', async () => {
  await using etcd = await startEtcd();
  const arbiter = await arbiterOn(etcd);
  const { leaseId } = await take(arbiter, 1);
  await arbiter.writeMembers(clusterId, leaseId, [1, 2, 3]);
  const before = await arbiter.read(clusterId);
  await etcd.forget();
  const after = await arbiter.read(clusterId);
  expect(after).toMatchObject({ main: null, term: null, memberNodeIds: [] });
  expect(after.arbiterId !== before.arbiterId || after.revision < before.revision).toBe(true);
  expect(await arbiter.renewLease(clusterId, leaseId)).toMatchObject({ renewed: false });
  // Whoever still expects the old term is refused; the servers' own terms keep it from falling.
  expect(await arbiter.takeLease(requestOf(1, before, { ownTerm: before.term ?? 0 }))).toMatchObject({ taken: false });
  expect(await take(arbiter, 1, { ownTerm: before.term ?? 0 })).toMatchObject({ term: (before.term ?? 0) + 1 });
  await arbiter.close();
});

test('an account: a new token after a restart of etcd, and a sentence for each way to be refused', async () => {
  await using etcd = await startEtcd({ authentication: true });
  const arbiter = await arbiterOn(etcd);
  const { leaseId } = await take(arbiter, 1);
  await etcd.restart();
  expect(await arbiter.renewLease(clusterId, leaseId)).toMatchObject({ renewed: true });
  await arbiter.close();
  for (const [account, sentence] of [
    [{ username: null, password: null }, /asks for an account/],
    [{ username: etcd.username, password: 'wrong' }, /does not accept the account/],
  ] as const) {
    const refused = await arbiterOn(etcd, { access: { urls: [etcd.url], caPath: null, ...account } });
    const fault: unknown = await refused.read(clusterId).catch((error: unknown) => error);
    expect(fault).toMatchObject({ code: 'ARBITER_AWAY' });
    expect(String(fault)).toMatch(sentence);
    await refused.close();
  }
});

test('TLS: its authority is trusted by ARBITER_CA_PATH alone, which must hold a certificate', async () => {
  await using etcd = await startEtcd({ tls: true });
  const arbiter = await arbiterOn(etcd);
  expect(await take(arbiter, 1)).toMatchObject({ term: 1 });
  await arbiter.close();
  const stranger = await arbiterOn(etcd, { access: { ...nobody, urls: [etcd.url] } });
  await expect(stranger.read(clusterId)).rejects.toMatchObject({ code: 'ARBITER_AWAY' });
  await stranger.close();
  for (const caPath of [etcd.logPath, '/nonexistent/ca.pem']) {
    const access = { ...nobody, urls: [etcd.url], caPath };
    await expect(createArbiter({ ...common, access, timeoutMs: 1_000 })).rejects.toThrow(/^ARBITER_CA_PATH names/);
  }
});

test('something else on the port is away, not a defect', async () => {
  const web = createServer((_request, response) => response.end('<html>'));
  web.listen(0, '127.0.0.1');
  await once(web, 'listening');
  const address = web.address();
  const url = `http://127.0.0.1:${String(typeof address === 'object' ? address?.port : '')}`;
  const arbiter = await createArbiter({ ...common, access: { ...nobody, urls: [url] }, timeoutMs: 15_000 });
  await expect(arbiter.read(clusterId)).rejects.toThrow(/not as etcd does/);
  await arbiter.close();
  web.closeAllConnections();
  web.close();
});
