/** Everything done to the local PostgreSQL itself, as superuser: `ReplicationPort` put together. */
import type { ClockPort } from '../cluster/ports.ts';
import type { ReplicationPort } from '../cluster/postgres-ports.ts';
import { countRowsSince } from './count-rows.ts';
import { demote } from './demote.ts';
import { upstreamInRecovery } from './ask-upstream.ts';
import { databaseBytes, dataDirectoryUsage } from './disk-usage.ts';
import { endOfWal } from './end-of-wal.ts';
import { fence } from './fence.ts';
import { writeHbaBlock } from './hba-file.ts';
import { applyMainSettings, listensBeyondLoopback, pendingRestart, readLimits } from './main-settings.ts';
import type { DatabasePool } from './pool.ts';
import { checkpoint, prepareCandidate, promote, restoreAfterPromotion, switchWal } from './promotion.ts';
import { createReplicatorKeeper, ensureRole } from './roles.ts';
import { checkForShutdown } from './shutdown-checks.ts';
import { createSlot, dropSlot } from './slots.ts';
import { hasStandbySignal, keepStandbySignal } from './standby-signal.ts';
import { clearStandbySource, setStandbySource } from './standby-source.ts';
import { readSynchronousState, setSynchronousNodes } from './synchronous.ts';
import { readTimelineHistory } from './timeline-history.ts';
import { readPositions } from './wal-positions.ts';

/** Every method's faults stand at the port and at the function that it names. */
export function createReplication(pool: DatabasePool, clock: ClockPort): ReplicationPort {
  return {
    positions: () => readPositions(pool, clock),
    limits: () => readLimits(pool),
    databaseBytes: () => databaseBytes(pool),
    dataDirectoryUsage: () => dataDirectoryUsage(pool),
    applyMainSettings: ({ walTimeoutMs }) => applyMainSettings(pool, walTimeoutMs),
    pendingRestart: () => pendingRestart(pool),
    listensBeyondLoopback: () => listensBeyondLoopback(pool),
    ensureReplicatorRole: createReplicatorKeeper(pool),
    ensureClusterRole: async (login) => {
      await pool.session((session) => ensureRole(session, login, 'superuser'));
    },
    writeHbaBlock: (lines) => writeHbaBlock(pool, lines),
    createSlot: (name) => createSlot(pool, name),
    dropSlot: (name) => dropSlot(pool, name),
    setStandbySource: (source) => setStandbySource(pool, source),
    clearStandbySource: () => clearStandbySource(pool),
    prepareCandidate: () => prepareCandidate(pool),
    promote: (timeoutSeconds) => promote(pool, timeoutSeconds),
    timelineHistory: () => readTimelineHistory(pool),
    receivedHistory: () => readTimelineHistory(pool, true),
    restoreAfterPromotion: () => restoreAfterPromotion(pool),
    checkpoint: () => checkpoint(pool),
    demote: (signal) => demote(pool, signal),
    endOfWal: (signal) => endOfWal(pool, signal),
    standbySignal: () => hasStandbySignal(pool),
    keepStandbySignal: (present) => keepStandbySignal(pool, present),
    checkForShutdown: () => checkForShutdown(pool),
    switchWal: () => switchWal(pool),
    setSynchronousNodes: (nodeIds) => setSynchronousNodes(pool, nodeIds),
    synchronousState: (beyond = null) => readSynchronousState(pool, beyond),
    countRowsSince: (since) => countRowsSince(pool, since),
    upstreamInRecovery,
    fence: (signal) => fence(pool, signal),
  };
}
