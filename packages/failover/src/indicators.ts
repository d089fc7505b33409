import { durationInWords } from './words.ts';

/** DESIGN §8: the admin's runbook looks at these before a failover. */
export const HEARTBEAT_LIMIT_MS = 60_000;
export const LAG_LIMIT_SECONDS = 5;

export type IndicatorName =
  'main_heartbeat' | 'secondary_heartbeat' | 'replication_lag' | 'slot_active' | 'in_recovery' | 'versions_equal';

export interface ReadinessIndicator {
  readonly name: IndicatorName;
  /** null: cannot be told now, which is not "fine". */
  readonly ok: boolean | null;
  readonly sentence: string;
}

/** null everywhere: not known now. */
export interface ReadinessFacts {
  readonly mainHeartbeatAgeMs: number | null;
  readonly secondaryHeartbeatAgeMs: number | null;
  readonly replayLagSeconds: number | null;
  readonly slotActive: boolean | null;
  /** The secondary's database is in recovery. */
  readonly secondaryInRecovery: boolean | null;
  readonly mainVersion: string | null;
  readonly secondaryVersion: string | null;
}

/** The six indicators, always all of them and in this order. Any that is not `true`: do not fail over before you know why. */
export function readinessIndicators(facts: ReadinessFacts): readonly ReadinessIndicator[] {
  return [
    heartbeat('main_heartbeat', 'main', facts.mainHeartbeatAgeMs),
    heartbeat('secondary_heartbeat', 'the secondary', facts.secondaryHeartbeatAgeMs),
    lag(facts.replayLagSeconds),
    slot(facts.slotActive),
    recovery(facts.secondaryInRecovery),
    versions(facts.mainVersion, facts.secondaryVersion),
  ];
}

function heartbeat(name: IndicatorName, who: string, ageMs: number | null): ReadinessIndicator {
  if (ageMs === null) return { name, ok: null, sentence: `No heartbeat of ${who} is known.` };
  return {
    name,
    ok: ageMs < HEARTBEAT_LIMIT_MS,
    sentence: `The last heartbeat of ${who} came ${durationInWords(ageMs)} ago.`,
  };
}

function lag(seconds: number | null): ReadinessIndicator {
  const name = 'replication_lag';
  if (seconds === null) return { name, ok: null, sentence: 'How far the secondary is behind cannot be told now.' };
  const ok = seconds < LAG_LIMIT_SECONDS;
  if (seconds === 0) return { name, ok, sentence: 'The secondary has replayed all that main has written.' };
  return { name, ok, sentence: `The secondary is ${durationInWords(seconds * 1000)} behind.` };
}

function slot(active: boolean | null): ReadinessIndicator {
  const name = 'slot_active';
  if (active === null)
    return { name, ok: null, sentence: 'Whether the replication slot is in use cannot be told now.' };
  return {
    name,
    ok: active,
    sentence: active ? 'The replication slot is in use.' : 'Nobody reads from the replication slot.',
  };
}

function recovery(inRecovery: boolean | null): ReadinessIndicator {
  const name = 'in_recovery';
  if (inRecovery === null) return { name, ok: null, sentence: "The secondary's database cannot be asked now." };
  const state = inRecovery ? 'is in recovery, as it should be' : 'is not in recovery: it follows nobody';
  return { name, ok: inRecovery, sentence: `The secondary's database ${state}.` };
}

function versions(main: string | null, secondary: string | null): ReadinessIndicator {
  const name = 'versions_equal';
  if (main === null || secondary === null) {
    return { name, ok: null, sentence: 'The panel version of both servers is not known.' };
  }
  if (main === secondary) return { name, ok: true, sentence: `Both servers run panel version ${main}.` };
  return { name, ok: false, sentence: `Main runs panel version ${main}, the secondary ${secondary}.` };
}
