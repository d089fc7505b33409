/** The one thing the cluster knows of the panel. */
import type { PanelFactsPort } from '../cluster/ports.ts';
import { Fault } from '../fault.ts';
import { sqlState } from './faults.ts';
import { createSubscriberStore } from './panel-subscribers.ts';
import type { DatabasePool } from './pool.ts';

/** Counts with the panel's own role; null when nobody can tell now (database away, tables not made yet). */
export function createPanelFacts(panel: DatabasePool): PanelFactsPort {
  const subscribers = createSubscriberStore(panel);
  return {
    async subscriberCount() {
      try {
        return await subscribers.count();
      } catch (error) {
        // "Unknown" is the answer; the watch says why the database is away.
        if (error instanceof Fault && (error.code === 'DATABASE_DOWN' || sqlState(error.cause) === '42P01'))
          return null;
        throw error;
      }
    },
  };
}
