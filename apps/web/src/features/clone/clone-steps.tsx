import { scriptPhases, type ScriptPhaseName } from '@proxpanel/contracts/script';
import type { JoinProgress } from '@proxpanel/contracts/status';
import { bytesText } from '../../ui/format.ts';
import { ProgressBar } from '../../ui/meter.tsx';
import type { Step } from '../../ui/phase-list.tsx';

const names: Record<ScriptPhaseName, string> = {
  preflight: 'Check tools, versions, disk and the replication login',
  credential: 'Fetch the one-time password',
  stop: 'Stop PostgreSQL',
  move_aside: 'Put the old data aside',
  base_backup: 'Clone the main database',
  configure: 'Write the replica’s settings',
  start: 'Start PostgreSQL',
  streaming: 'Follow the main server',
  done: 'Finished',
  failed: 'The script failed',
  rolled_back: 'The old data was put back',
};

function cloneBar(join: JoinProgress) {
  const { clone } = join;
  if (clone === null) return null;
  const total = clone.total_bytes === null ? '' : ` of ${bytesText(clone.total_bytes)}`;
  const percent = clone.percent === null ? '' : `${clone.percent.toFixed(0)} % · `;
  const text = `${percent}${bytesText(clone.streamed_bytes)}${total}`;
  return <ProgressBar label="Clone" percent={clone.percent} text={text} />;
}

/** The reports of the script's latest run: a second run after a failure begins with `preflight` again. */
function latestRun(join: JoinProgress): JoinProgress['phases'] {
  const start = join.phases.findLastIndex((phase) => phase.phase === 'preflight' && phase.state === 'running');
  return start === -1 ? join.phases : join.phases.slice(start);
}

/** The script's steps in their order, each with the last word that the script sent about it. */
export function cloneSteps(join: JoinProgress): Step[] {
  const reported = new Map(latestRun(join).map((phase) => [phase.phase, phase]));
  const ended = (['failed', 'rolled_back'] as const).filter((name) => reported.has(name));
  return [...scriptPhases, ...ended].map((name) => {
    const phase = reported.get(name);
    return {
      key: name,
      name: names[name],
      state: phase?.state ?? 'pending',
      detail: phase?.detail ?? null,
      extra: name === 'base_backup' && phase?.state !== 'completed' ? cloneBar(join) : null,
    };
  });
}
