/** The first page: counts of a short while ago, and for admins how this very server is. */
import type { User } from '@proxpanel/contracts/auth';
import type { DashboardReply } from '@proxpanel/contracts/dashboard';
import { ownerOf } from './panel-user.ts';
import type { CountCache, CountStore, DashboardCounts, Owner } from './ports.ts';

const KEPT_MS = 30_000;

export interface DashboardDeps {
  readonly counts: CountStore;
  readonly countCache: CountCache;
  /** Percentages of this server, null each while it has not been measured. */
  readonly ownFigures: () => NonNullable<DashboardReply['server']>;
}

/** Makes the reader; those who ask while it is counted for them wait for that one count. Faults: DATABASE_DOWN. */
export function createDashboard(deps: DashboardDeps): (user: User) => Promise<DashboardReply> {
  const countingFor = new Map<Owner, Promise<DashboardCounts>>();

  function countOnce(owner: Owner): Promise<DashboardCounts> {
    const running = countingFor.get(owner);
    if (running !== undefined) return running;
    const counting = deps.counts.countForDashboard(owner).finally(() => countingFor.delete(owner));
    countingFor.set(owner, counting);
    return counting;
  }

  return async (user) => {
    const owner = ownerOf(user);
    const server = user.role === 'admin' ? deps.ownFigures() : null;
    const cached = await deps.countCache.read(owner);
    if (cached !== null) return { ...cached, source: 'cache', server };
    const counts = await countOnce(owner);
    await deps.countCache.write(owner, counts, KEPT_MS);
    return { ...counts, source: 'database', server };
  };
}
