/** What a candidate gets ready while main still takes writes, so that the gap has none of it; and how it is undone. */
import { messageOf } from '../fault.ts';
import type { ClusterContext } from './cluster-context.ts';
import { liveHandover } from './handover.ts';
import { keepGuard } from './hold-lease.ts';
import { makeReadyForOthers } from './promotion-steps.ts';
import { bootMs } from './sounds.ts';

/** Between getting ready and taking over; then readers may hold up replay again. */
export const PREPARED_FOR_MS = 120_000;

/** Slots for the others, pg_hba, no reader that holds up replay (SAFETY §2, §3 "Promotion itself"). Repeatable. */
export async function prepareForPromotion(context: ClusterContext, operationId: string): Promise<void> {
  const live = liveHandover(context);
  live.preparedId = operationId;
  await makeReadyForOthers(context);
  await context.replication.prepareCandidate();
  // It has nothing to do on a standby. The lease brings the deadline that counts, before the database is promoted.
  if (context.arbiter.configured) await keepGuard(context, bootMs(context) + PREPARED_FOR_MS);
}

/** Readers may hold up replay again. The slots go with the tick that drops idle ones. Never throws. */
export async function undoPreparation(context: ClusterContext, operationId: string): Promise<void> {
  const live = liveHandover(context);
  if (live.preparedId !== null && live.preparedId !== operationId) return;
  live.preparedId = null;
  if (context.database.view().state !== 'recovery') return;
  try {
    await context.replication.restoreAfterPromotion();
  } catch (error) {
    // The next promotion's end restores them as well; until then readers are ended instead of waited for.
    context.log.warn({ reason: messageOf(error) }, 'the delays of readers could not be put back');
  }
}
