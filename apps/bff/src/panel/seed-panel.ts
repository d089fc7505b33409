/** Fills a panel with made-up services, resellers and subscribers, to try it at the size of a large provider. */
import { randomBytes } from 'node:crypto';
import { addHours, startOfDay } from 'date-fns';
import { Fault } from '../fault.ts';
import { hashPassword } from './password.ts';
import type { ColumnSeal } from './seal-column.ts';
import type { SeedIds, SeedStore, StoredSeedRow } from './seed-ports.ts';
import { SEED_RESELLERS, SEED_SERVICES, seedRow, type SeedRow } from './seed-rows.ts';

/** One transaction each: what a run that was ended has lost. */
const BATCH_ROWS = 10_000;

export interface SeedDeps {
  readonly store: SeedStore;
  readonly seal: ColumnSeal;
  readonly nowMs: () => number;
}

export interface SeedWish {
  readonly subscribers: number;
  readonly seed: number;
  readonly besideRealOnes: boolean;
  readonly actor: string;
  /** Called after each batch with the rows of this seed that are there by now. */
  readonly onProgress: (rows: number) => void;
}

export interface Seeded {
  readonly before: number;
  readonly added: number;
  /** Of the resellers, when they are new; known to nobody else. */
  readonly madePassword: string | null;
}

/**
 * Adds what is missing of the first `subscribers` rows of `seed`; a run that was interrupted is gone on with by repeating
 * it. Faults: BLOCKED beside subscribers that were not made up, READ_ONLY, DATABASE_DOWN.
 */
export async function seedPanel(deps: SeedDeps, wish: SeedWish): Promise<Seeded> {
  const { store } = deps;
  if (!wish.besideRealOnes && (await store.hasRealOnes())) {
    throw new Fault(
      'BLOCKED',
      'This panel has subscribers that were not made up. Say --beside-real-ones to put made-up ones beside them.',
    );
  }
  const made = await store.countMade(wish.seed, BATCH_ROWS);
  const batches = [...missingBatches(wish.subscribers, made)];
  const before = Math.min(
    wish.subscribers,
    [...made.values()].reduce((sum, count) => sum + count, 0),
  );
  if (batches.length === 0) return { before, added: 0, madePassword: null };
  const password = randomBytes(18).toString('base64url');
  const ids = await store.prepare({
    ...{ services: SEED_SERVICES, resellers: SEED_RESELLERS, actor: wish.actor },
    passwordHash: await hashPassword(password),
    audit: { seed: wish.seed, subscribers: [before, wish.subscribers] },
  });
  const today = startOfDay(deps.nowMs());
  let added = 0;
  for (const { from, to } of batches) {
    added += await store.add(storedRows(deps.seal, { seed: wish.seed, from, to, ids, today }));
    wish.onProgress(before + added);
  }
  await store.settle();
  return { before, added, madePassword: ids.newResellers ? password : null };
}

function* missingBatches(subscribers: number, made: ReadonlyMap<number, number>) {
  for (let from = 0; from < subscribers; from += BATCH_ROWS) {
    const to = Math.min(subscribers, from + BATCH_ROWS);
    if ((made.get(from / BATCH_ROWS) ?? 0) < to - from) yield { from, to };
  }
}

interface Batch {
  readonly seed: number;
  readonly from: number;
  readonly to: number;
  readonly ids: SeedIds;
  readonly today: Date;
}

function* storedRows(seal: ColumnSeal, { seed, from, to, ids, today }: Batch): Generator<StoredSeedRow> {
  const of = (list: readonly number[], place: number | null): number | null =>
    place === null ? null : (list[place] ?? null);
  for (let number = from; number < to; number += 1) {
    const row: SeedRow = seedRow(seed, number);
    yield {
      username: row.username,
      passwordSealed: seal.available ? seal.seal(row.password) : null,
      serviceId: of(ids.services, row.service),
      resellerId: of(ids.resellers, row.reseller),
      expiresAt: row.expiresInHours === null ? null : addHours(today, row.expiresInHours),
      isActive: row.isActive,
      openSessions: row.isOnline ? 1 : 0,
      note: row.note,
    };
  }
}
