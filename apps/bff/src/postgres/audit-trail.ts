/** The audit row of what is changed outside of the database, in a transaction around the change. */
import type { AuditTrail } from '../panel/upload-ports.ts';
import { audited } from './panel-audit.ts';
import type { DatabasePool } from './pool.ts';

/** Faults as the port says. */
export function createAuditTrail(panel: DatabasePool): AuditTrail {
  return {
    around: (act, work) =>
      audited(panel, async (_change, audit) => {
        await audit(act);
        await work();
      }),
  };
}
