/** A rehearsal: every check of a switchover, one line each, and the estimate of its gap. Changes nothing (DESIGN §5). */
import type { RehearseReply } from '@proxpanel/contracts/change-of-main';
import type { ClusterContext } from './cluster-context.ts';
import type { ShutdownChecks } from './postgres-ports.ts';
import { checkSwitchover, wayToShut } from './switch-over.ts';

type Check = RehearseReply['checks'][number];

/** SAFETY §1: floors of the two ways on a small database. */
const floorMs = { stop: 130, demote: 300 } as const;
/** WAL that is read again, and pages that are written, per millisecond: a modest disk. */
const bytesPerMs = 100_000;
/** A demoted server looks through its whole data directory with syncfs; 100 GB cost it a second. */
const databaseBytesPerMs = 100_000_000;

export async function rehearseSwitchover(context: ClusterContext, actor: string): Promise<RehearseReply> {
  const way = wayToShut(context);
  const { judgement, shutdown, candidateReasons, blockers } = await checkSwitchover(context, {
    nodeId: undefined,
    actor,
    reason: null,
  });
  const checks: Check[] = [wayCheck(way)];
  const add = (name: string, sentences: readonly string[], fine: string): void => {
    if (sentences.length === 0) checks.push({ name, ok: true, warning: false, detail: fine });
    for (const detail of sentences) checks.push({ name, ok: false, warning: false, detail });
  };
  const name = judgement.candidate?.display_name ?? '';
  add('state', judgement.blockers.map(sentenceOf), `"${name}" follows main and could take over.`);
  for (const warning of judgement.warnings)
    checks.push({ name: 'lag', ok: true, warning: true, detail: warning.sentence });
  if (shutdown !== null) {
    add('settings', shutdown.refusals.map(sentenceOf), "Main's PostgreSQL can be shut and made a standby.");
    for (const { sentence } of shutdown.warnings) {
      checks.push({ name: 'settings', ok: true, warning: true, detail: sentence });
    }
  }
  if (candidateReasons !== null) add('candidate', candidateReasons, `"${name}" says that it is ready.`);
  return { ok: blockers.length === 0, checks, estimated_gap_ms: shutdown === null ? null : estimateMs(shutdown, way) };
}

const sentenceOf = ({ sentence }: { readonly sentence: string }): string => sentence;

function wayCheck(way: 'stop' | 'demote'): Check {
  const detail =
    way === 'stop'
      ? 'PostgreSQL is stopped in order and started again as a standby.'
      : 'PostgreSQL is put into recovery without being stopped; with POSTGRES_CONTROL and RUN_SCRIPTS writes pause for less.';
  return { name: 'way', ok: true, warning: false, detail };
}

/** A CHECKPOINT is taken while writes go on, so that at most as much WAL as now comes after it. */
function estimateMs({ databaseBytes, walSinceCheckpointBytes }: ShutdownChecks, way: 'stop' | 'demote'): number {
  const wal = Math.min(walSinceCheckpointBytes, 1_000_000_000) / bytesPerMs;
  return Math.round(floorMs[way] + wal / 10 + (way === 'demote' ? databaseBytes / databaseBytesPerMs : 0));
}
