/** Prints an operation's phases as they happen, until it has ended. */
import type { Operation, Phase } from '@proxpanel/contracts/operations';
import { Fault } from '../fault.ts';
import type { PanelApi } from './panel-api.ts';
import { until } from './until.ts';

const pauseMs = 250;
/** A checkpoint of a large database alone may take ten minutes. */
const limitMs = 3_600_000;
/** A panel that is restarted under it goes on with it; its other half may not have begun here yet. */
const absentLimitMs = 60_000;
const passing: readonly string[] = ['NOT_FOUND', 'MAIN_UNREACHABLE', 'MAIN_TIMEOUT', 'SHUTTING_DOWN', 'STARTING'];

/** Resolves with the operation as it ended. The panel's fault when it has been away for a minute. */
export async function followOperation(api: PanelApi, id: string, say: (line: string) => void): Promise<Operation> {
  const said = new Map<string, string>();
  let last: Operation | null = null;
  let seenMs = performance.now();
  const ended = await until(
    async () => {
      try {
        last = await api.call('operation', { params: { id } });
      } catch (error) {
        const mayPass = error instanceof Fault && passing.includes(error.code);
        if (!mayPass || performance.now() - seenMs > absentLimitMs) throw error;
        return false;
      }
      seenMs = performance.now();
      for (const phase of last.phases) tell(phase, said, say);
      return last.state !== 'running';
    },
    { limitMs, pauseMs },
  );
  if (!ended || last === null)
    throw new Fault('BUSY', 'The operation has not ended within an hour; ask for the status.');
  return last;
}

function tell(phase: Phase, said: Map<string, string>, say: (line: string) => void): void {
  const line = describePhase(phase);
  if (phase.state === 'pending' || said.get(phase.name) === line) return;
  said.set(phase.name, line);
  say(line);
}

export function describePhase({ name, state, detail, started_at: begun, finished_at: ended }: Phase): string {
  const word = { pending: 'waits', running: 'runs', completed: 'done', failed: 'FAILED', skipped: 'skipped' }[state];
  const seconds =
    begun === null || ended === null ? '' : ` ${((Date.parse(ended) - Date.parse(begun)) / 1_000).toFixed(1)} s`;
  return `  ${word.padEnd(8)} ${name.padEnd(18)}${seconds}${detail === null ? '' : `  ${detail}`}`.trimEnd();
}
