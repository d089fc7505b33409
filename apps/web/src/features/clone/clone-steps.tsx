import { rejoinPhases, scriptPhases } from '@proxpanel/contracts/script';
import type { JoinProgress } from '@proxpanel/contracts/status';
import { bytesText, wordText } from '../../ui/format.ts';
import { ProgressBar } from '../../ui/meter.tsx';
import type { Step } from '../../ui/phase-list.tsx';

const names = new Map<string, string>([
  ['preflight', 'Check tools, versions, disk and the replication login'],
  ['credential', 'Fetch the one-time password'],
  ['source', 'Ask main for a checkpoint'],
  ['stop', 'Stop PostgreSQL'],
  ['move_aside', 'Put the old data aside'],
  ['copy', 'Copy the old data'],
  ['rewind', 'Rewind the copy to main’s history'],
  ['base_backup', 'Clone the main database'],
  ['configure', 'Write the replica’s settings'],
  ['start', 'Start PostgreSQL'],
  ['streaming', 'Follow the main server'],
  ['done', 'Finished'],
  ['failed', 'The script failed'],
  ['rolled_back', 'The old data was put back'],
]);

/** The repair of an old main runs by the same reports as a join; its script tells the two apart. */
export function isRejoin(join: JoinProgress): boolean {
  return join.script_path.endsWith('rejoin.sh');
}

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

/** Which of these a repair takes is known only while it runs: a rewind may end in a clone. */
const chosenUnderway: ReadonlySet<string> = new Set(['copy', 'rewind', 'base_backup']);

/** The script's steps in their order, each with the last word that the script sent about it. */
export function cloneSteps(join: JoinProgress): Step[] {
  const reported = new Map<string, JoinProgress['phases'][number]>();
  for (const phase of latestRun(join)) reported.set(phase.phase, phase);
  const planned = isRejoin(join)
    ? rejoinPhases.filter((name) => reported.has(name) || !chosenUnderway.has(name))
    : scriptPhases;
  const ended = ['failed', 'rolled_back'].filter((name) => reported.has(name));
  return [...planned, ...ended].map((name) => {
    const phase = reported.get(name);
    return {
      key: name,
      name: names.get(name) ?? wordText(name),
      state: phase?.state ?? 'pending',
      detail: phase?.detail ?? null,
      extra: name === 'base_backup' && phase?.state !== 'completed' ? cloneBar(join) : null,
    };
  });
}
