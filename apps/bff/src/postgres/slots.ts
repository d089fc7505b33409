/** Physical replication slots, `replica_<node_id>` (DESIGN §2, §6.4). */
import { setTimeout as delay } from 'node:timers/promises';
import { Fault } from '../fault.ts';
import { sqlState } from './faults.ts';
import type { DatabasePool } from './pool.ts';
import type { Session } from './session.ts';

const DROP_LIMIT_MS = 10_000;
const RETRY_MS = 50;

interface SlotRow {
  slot_type: string;
  active_pid: number | null;
  wal_status: string | null;
}

/**
 * Makes the slot and keeps WAL for it from now on; nothing when it is there. One whose WAL is lost is made anew, since
 * nobody can ever stream from it. Works on a standby as well (SAFETY §2: the candidate makes every other node's slot).
 *
 * @throws Fault PREFLIGHT_FAILED when all of max_replication_slots are taken, DUPLICATE for a logical slot of that name.
 */
export async function createSlot(pool: DatabasePool, name: string): Promise<void> {
  await pool.session(async (session) => {
    const slot = await readSlot(session, name);
    if (slot?.slot_type === 'logical') {
      throw new Fault('DUPLICATE', `There is a logical replication slot "${name}", which is not ours to replace.`);
    }
    if (slot !== null && slot.wal_status !== 'lost') return;
    if (slot !== null) await session.query('SELECT pg_drop_replication_slot($1)', [name]);
    try {
      await session.query('SELECT pg_create_physical_replication_slot($1, true)', [name]);
    } catch (error) {
      // Made by somebody else at the same moment.
      if (sqlState(error) === '42710') return;
      if (sqlState(error) !== '53400' && sqlState(error) !== '55000') throw error;
      const sentence = 'PostgreSQL cannot make another replication slot: raise max_replication_slots and restart it.';
      throw new Fault('PREFLIGHT_FAILED', sentence, { cause: error });
    }
  });
}

/**
 * Drops the slot, ending the walsender that uses it; nothing when it is not there. Its standby comes back every 200 ms,
 * so this may take more than one round.
 *
 * @throws Fault BUSY when it is still in use after 10 s.
 */
export async function dropSlot(pool: DatabasePool, name: string): Promise<void> {
  const deadlineMs = performance.now() + DROP_LIMIT_MS;
  while (!(await tryToDrop(pool, name))) {
    if (performance.now() > deadlineMs) {
      throw new Fault('BUSY', `The replication slot "${name}" is still in use; stop the server that uses it.`);
    }
    await delay(RETRY_MS);
  }
}

/** True once the slot is gone. */
async function tryToDrop(pool: DatabasePool, name: string): Promise<boolean> {
  return pool.session(async (session) => {
    const slot = await readSlot(session, name);
    if (slot === null) return true;
    try {
      // Waiting for its end and dropping in one go leaves its standby no time to come back in between.
      if (slot.active_pid !== null) await session.query('SELECT pg_terminate_backend($1, 2000)', [slot.active_pid]);
      await session.query('SELECT pg_drop_replication_slot($1)', [name]);
      return true;
    } catch (error) {
      if (sqlState(error) === '42704') return true;
      if (sqlState(error) === '55006') return false;
      throw error;
    }
  });
}

async function readSlot(session: Session, name: string): Promise<SlotRow | null> {
  const [row] = await session.query<SlotRow>(
    'SELECT slot_type, active_pid, wal_status FROM pg_replication_slots WHERE slot_name = $1',
    [name],
  );
  return row ?? null;
}
