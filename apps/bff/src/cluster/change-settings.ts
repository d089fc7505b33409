/** Cluster-wide settings, replicated with cluster_config and handed to members by heartbeat replies (DESIGN §3). */
import type { ClusterSettings, SettingsPatch } from '@proxpanel/contracts/settings';
import { Fault } from '../fault.ts';
import { requireWritableMain } from './answer-preflight.ts';
import type { ClusterContext } from './cluster-context.ts';
import { makeEvent } from './record-event.ts';

/** INVALID_REQUEST when the timers would contradict each other. */
export async function changeSettings(
  context: ClusterContext,
  patch: SettingsPatch,
  actor: string,
): Promise<ClusterSettings> {
  return context.lock.run('a change of settings', async () => {
    const membership = requireWritableMain(context);
    // `undefined` in a partial means "not named", never "take it away".
    const named = Object.fromEntries(Object.entries(patch).filter(([, value]) => value !== undefined));
    const settings: ClusterSettings = { ...membership.settings, ...named };
    refuseContradiction(settings);
    await context.rows.transaction(async (rows) => {
      await rows.patchConfig({ settings });
      const changes = Object.entries(named).map(([name, value]) => `${name} = ${String(value)}`);
      const message = `${actor} changed ${changes.join(', ')}.`;
      await rows.appendEvents([makeEvent(context.clock, { type: 'settings_changed', message, actor, details: named })]);
    });
    await context.nodeFile.update((file) => ({
      ...file,
      membership: file.membership === null ? null : { ...file.membership, settings },
    }));
    return settings;
  });
}

export function refuseContradiction(settings: ClusterSettings): void {
  if (settings.late_after_ms <= settings.heartbeat_interval_ms) {
    throw new Fault(
      'INVALID_REQUEST',
      'late_after_ms must be longer than heartbeat_interval_ms, or every node is late.',
      {
        field: 'late_after_ms',
      },
    );
  }
  if (settings.offline_after_ms <= settings.late_after_ms) {
    throw new Fault('INVALID_REQUEST', 'offline_after_ms must be longer than late_after_ms.', {
      field: 'offline_after_ms',
    });
  }
}
