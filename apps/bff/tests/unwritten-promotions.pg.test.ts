/**
 * Promotions that a fence, a crash or a death of the panel came before anything, or the row, was written of (SAFETY §2):
 * who may follow afterwards is judged rightly all the same.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { TestServer } from '@proxpanel/testbed/server';
import { waitFor } from '@proxpanel/testbed/wait-for';
import { addSubscriber, readNodeFile, waitForStatus } from './support/panel-status.ts';
import { promoteWithName, readHistory, readPromotionRows } from './support/promotions.ts';
import {
  askToSwitch,
  makePair,
  panelOf,
  waitForOperation,
  waitUntilSettled,
  type Pair,
} from './support/switchovers.ts';

let pair: Pair;

beforeAll(async () => {
  pair = await makePair();
}, 240_000);

afterAll(() => pair.testbed.dispose());

const keptPromotions = (server: TestServer) => readNodeFile(server).membership?.promotions ?? [];

/** As a fence leaves it: what comes up again is read-only (SAFETY §1). */
async function fenceDatabase({ postgres }: TestServer): Promise<void> {
  await postgres.query("COPY (SELECT 1) TO PROGRAM 'touch standby.signal'");
  await postgres.stop();
  await postgres.start();
}

/** Main is fenced, comes up and promotes itself again; until the promotion is in node.json. */
async function resumeMain(main: TestServer): Promise<void> {
  const before = keptPromotions(main).length;
  await fenceDatabase(main);
  await waitFor(() => keptPromotions(main).length > before, { describe: 'main to have promoted itself again' });
}

test('SAFETY §2: a promotion whose row a crash came before gets it with the next one, and its server follows the next main', async () => {
  const { main, secondary } = await waitUntilSettled(pair);
  await main.postgres.query(
    `CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'not now'; END $$;
     CREATE TRIGGER refuse BEFORE INSERT ON cluster_promotions EXECUTE FUNCTION refuse()`,
  );
  await resumeMain(main);
  await resumeMain(main);
  expect(await readPromotionRows(main)).toEqual([]);
  await main.postgres.query('DROP TRIGGER refuse ON cluster_promotions');
  const rows = await waitFor(() => readPromotionRows(main), {
    describe: 'the promotion to be recorded',
    until: (recorded) => recorded.length > 0,
  });
  expect(rows.map((row) => row.promotion_id).toSorted()).toEqual(
    keptPromotions(main)
      .map((each) => each.promotion_id)
      .toSorted(),
  );
  await waitUntilSettled(pair);

  const id = await askToSwitch(pair, main);
  const operation = await waitForOperation(pair, main, id);
  expect(operation.state, JSON.stringify(operation)).toBe('completed');
  expect((await waitUntilSettled(pair)).main).toBe(secondary);
});

test('SAFETY §2: a promotion of main that nobody saw gets its record from the next tick, and the others may follow it', async () => {
  const { main, secondary } = await waitUntilSettled(pair);
  // Of a cluster's first promotion nothing tells but its record.
  await resumeMain(main);
  await waitUntilSettled(pair);
  const before = await readPromotionRows(main);
  await main.bff.kill();
  await fenceDatabase(main);
  await main.postgres.query('SELECT pg_promote()');
  const { timeline } = await readHistory(main);
  await main.bff.start();
  await main.bff.waitUntilReady();
  await panelOf(pair, main).signIn();
  const rows = await waitFor(() => readPromotionRows(main), {
    describe: 'the promotion to be recorded',
    until: (recorded) => recorded.length > before.length,
  });
  expect(rows.at(-1)).toMatchObject({ timeline });

  await waitUntilSettled(pair);
  const operation = await waitForOperation(pair, main, await askToSwitch(pair, main));
  expect(operation.state, JSON.stringify(operation)).toBe('completed');
  expect((await waitUntilSettled(pair)).main).toBe(secondary);
});

test('SAFETY §2: past a fork that only PostgreSQL knows of, an old main says that it has diverged, and does not wait for WAL that never comes', async () => {
  const { main, secondary } = await waitUntilSettled(pair);
  // A promotion that nobody wrote down: the panel was dead, and a guard fenced.
  await secondary.bff.kill();
  await secondary.postgres.query('SELECT pg_promote()');
  const { forkLsn } = await readHistory(secondary);
  await secondary.postgres.query('CREATE TABLE filler AS SELECT generate_series(1, 100000)');
  await addSubscriber(panelOf(pair, main), 'past-the-fork');
  await main.kill();
  await fenceDatabase(secondary);
  await secondary.bff.start();
  await secondary.bff.waitUntilReady();
  await promoteWithName(await panelOf(pair, secondary).signIn());

  await main.start();
  const mainPanel = await panelOf(pair, main).signIn();
  const { divergence } = await waitForStatus(
    mainPanel,
    'the old main to say that it has diverged',
    (status) => status.divergence !== null,
  );
  expect(divergence).toMatchObject({ code: 'past_fork', repair: 'rewind', fork_lsn: forkLsn });
  expect(divergence?.bytes_past_fork).toBeGreaterThan(0);
});
