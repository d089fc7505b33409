import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import type { Operation } from '@proxpanel/contracts/operations';
import { membershipOf, peerOf, temporaryNodeFile } from '../host/test-node-file.ts';
import { listCutOff } from './resume-operations.ts';
import { mayHaveShutItsDatabase } from './resume-switchover.ts';

const at = '2026-11-01T00:00:00.000Z';

function operationOf(state: Operation['state'], phases: readonly string[]): Operation {
  return {
    id: randomUUID(),
    kind: 'switchover',
    state,
    actor: 'admin',
    reason: null,
    started_at: at,
    finished_at: null,
    outcome: null,
    granted: true,
    without_arbiter: false,
    phases: phases.map((name) => ({ name, state: 'completed', started_at: at, finished_at: at, detail: null })),
  };
}

async function judge(operations: readonly Operation[]): Promise<boolean> {
  // What node.json says once the new main is known: no handover any more, and another main.
  const membership = membershipOf({ role: 'secondary', main_node_id: 2, peers: [peerOf(1), peerOf(2)] });
  await using temporary = await temporaryNodeFile(membership);
  const cutOff = await listCutOff({
    operationFiles: { list: () => Promise.resolve([...operations]), read, save: read },
  });
  return mayHaveShutItsDatabase({ nodeFile: temporary.file }, cutOff);
}

const read = () => Promise.reject(new Error('not asked for here'));
const mainsHalf = ['shut_database', 'await_grant', 'await_new_main', 'follow_new_main'];

test('an old main that was cut off before it started its database again goes on though nothing answers', async () => {
  expect(await judge([operationOf('running', mainsHalf)])).toBe(true);
});

test('a database that is away for another reason is waited for', async () => {
  expect(await judge([])).toBe(false);
  expect(await judge([operationOf('completed', mainsHalf)])).toBe(false);
  expect(await judge([operationOf('running', ['ask_grant', 'promote_database'])])).toBe(false);
});
