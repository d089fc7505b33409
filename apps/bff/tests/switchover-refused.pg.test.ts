/** A planned change that may not be, or that fails before its grant, leaves everything as it was (DESIGN §8, SAFETY §3). */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { rehearseReplySchema } from '@proxpanel/contracts/change-of-main';
import { errorReplySchema } from '@proxpanel/contracts/error-codes';
import { monotonicMs } from '@proxpanel/testbed/ha/monotonic';
import { waitFor } from '@proxpanel/testbed/wait-for';
import { addSubscriber, expectRefusal, readNodeFile, readStatus, waitForStatus } from './support/panel-status.ts';
import { askToPromote, readOperationFile } from './support/promotions.ts';
import { sendSigned, type SignedCall } from './support/signed-calls.ts';
import {
  askToSwitch,
  expectNothingLost,
  makePair,
  panelOf,
  startClients,
  waitForOperation,
  waitUntilSettled,
  type Pair,
} from './support/switchovers.ts';

let pair: Pair;

beforeAll(async () => {
  pair = await makePair();
}, 240_000);

afterAll(() => pair.testbed.dispose());

const planned = (body: object = {}) => askToPromote(panelOf(pair, pair.one), { mode: 'switchover', ...body });

/** A call as the other server of the pair would sign it. */
function callOf(to: 'one' | 'other', path: string, body: object): SignedCall {
  const [target, caller] = to === 'one' ? [pair.one, pair.other] : [pair.other, pair.one];
  const { membership } = readNodeFile(target);
  const own = readNodeFile(caller).membership;
  if (membership === null || own === null) throw new Error('the two are not joined');
  return {
    secret: membership.secret,
    issuer: `node:${String(own.node_id)}`,
    path,
    target: { clusterId: membership.cluster_id, nodeId: membership.node_id },
    body,
  };
}

test('SAFETY §1 Preflight refuses: each with its own sentence, and nothing is changed', async () => {
  await waitUntilSettled(pair);
  const { one, other } = pair;
  await one.postgres.query("SELECT pg_create_physical_replication_slot('unused')");
  const before = readNodeFile(one).membership;
  const cases = [
    [
      one,
      'ALTER SYSTEM SET restart_after_crash = off',
      'ALTER SYSTEM RESET restart_after_crash',
      /restart_after_crash/,
    ],
    [
      one,
      "ALTER SYSTEM SET promote_trigger_file = '/tmp/x'",
      'ALTER SYSTEM RESET promote_trigger_file',
      /promote_trigger/,
    ],
    [
      other,
      "ALTER SYSTEM SET recovery_min_apply_delay = '1s'",
      'ALTER SYSTEM RESET recovery_min_apply_delay',
      /candidate.*delay/,
    ],
  ] as const;
  for (const [server, set, reset, sentence] of cases) {
    await server.postgres.query(set);
    await server.postgres.query('SELECT pg_reload_conf()');
    const reply = await waitFor(() => planned(), {
      describe: 'a refusal',
      until: ({ status }) => status !== 409 || true,
    });
    expectRefusal(reply, 'BLOCKED', sentence);
    expect(errorReplySchema.parse(reply.body).reasons?.length).toBeGreaterThan(0);
    await server.postgres.query(reset);
    await server.postgres.query('SELECT pg_reload_conf()');
  }
  expectRefusal(await planned({ node_id: 99 }), 'BLOCKED', 'no such secondary');
  expect(readNodeFile(one).membership).toMatchObject({ term: before?.term, handover: null });
  expect((await readStatus(panelOf(pair, one))).writes.allowed).toBe(true);
});

test('DESIGN §5 rehearse: every check in a line and the gap in ms, from either page, and nothing is changed', async () => {
  await waitUntilSettled(pair);
  for (const server of [pair.one, pair.other]) {
    const panel = panelOf(pair, server);
    const reply = rehearseReplySchema.parse(await panel.expectOk(panel.post('/api/cluster/rehearse', {})));
    expect(reply.ok, JSON.stringify(reply)).toBe(true);
    expect(reply.estimated_gap_ms).toBeGreaterThan(0);
    expect(reply.checks.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['way', 'state', 'settings', 'candidate']),
    );
  }
  expect(readNodeFile(pair.other).membership?.handover).toBeNull();
});

test('SAFETY §3 Grant: nobody but the candidate gets one, and not for a change that is not under way', async () => {
  const { main, secondary } = await waitUntilSettled(pair);
  const { membership } = readNodeFile(secondary);
  const body = {
    operation_id: crypto.randomUUID(),
    term: membership?.term,
    candidate_node_id: membership?.node_id,
    received_lsn: 'F/0',
  };
  const unknown = await sendSigned(main.panel(), callOf('one', '/api/cluster/grant', body));
  expect(unknown.body).toMatchObject({ granted: false });
  const other = { ...body, candidate_node_id: readNodeFile(main).membership?.node_id };
  expect((await sendSigned(main.panel(), callOf('one', '/api/cluster/grant', other))).body).toMatchObject({
    granted: false,
  });
  expect(await main.postgres.isInRecovery()).toBe(false);
});

test('SAFETY §3 Grant: "discarded" is for ever: a take-over that arrives later is refused', async () => {
  const { secondary } = await waitUntilSettled(pair);
  const { membership } = readNodeFile(secondary);
  const id = crypto.randomUUID();
  const discarded = await sendSigned(secondary.panel(), callOf('other', '/api/cluster/discard', { operation_id: id }));
  expect(discarded.body).toEqual({ discarded: true, promoted: false, term: 0 });
  const late = await sendSigned(
    secondary.panel(),
    callOf('other', '/api/cluster/prepare', {
      ...{ operation_id: id, term: membership?.term, candidate_node_id: membership?.node_id, kind: 'switchover' },
      ...{ stage: 'take_over', actor: 'late', reason: null, last_lsn: '0/1', last_is_checkpoint: false },
    }),
  );
  expect(late.body).toMatchObject({ ready: false });
  expect(await secondary.postgres.isInRecovery()).toBe(true);
});

test('SAFETY §3 Grant: a candidate that dies before it leaves main as it was, its writes open, nothing lost', async () => {
  const { main, secondary } = await waitUntilSettled(pair);
  const writers = startClients(pair);
  try {
    await writers.waitForAcks(50);
    const asked = askToSwitch(pair, main);
    await waitFor(() => readOperationFile(secondary) ?? readOperationFile(main), {
      describe: 'main to be shut',
      intervalMs: 1,
      deadlineMs: 45_000,
      until: (operation) =>
        operation?.phases.some(({ name, state }) => name === 'shut_database' && state !== 'pending') === true,
    });
    await secondary.bff.pause();
    const operation = await waitForOperation(pair, main, await asked);
    expect(operation.state, JSON.stringify(operation)).toBe('rolled_back');
    await writers.waitForAck(monotonicMs(), { server: main.name });
    await addSubscriber(panelOf(pair, main), 'after-the-way-back');
  } finally {
    secondary.bff.resume();
    await writers.stop();
  }
  const after = await waitUntilSettled(pair);
  expect(after.main).toBe(main);
  await expectNothingLost(main, writers);
  await waitForStatus(
    panelOf(pair, secondary),
    'the planned change to be offered again',
    ({ promote }) => promote.allowed,
  );
});
