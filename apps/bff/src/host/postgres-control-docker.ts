/** Control over a PostgreSQL in a container: POSTGRES_CONTROL=docker:<container>. */
import { Fault } from '../fault.ts';
import { latestCheckpointIn } from './control-data.ts';
import type { ControlWay } from './control-way.ts';
import { runChecked, runProgram } from './run-program.ts';

const ASK_LIMIT_MS = 30_000;
/** Docker kills what has not ended by then; PostgreSQL's image asks for a fast stop. */
const STOP_SECONDS = 300;
const FACTS = '{{.Image}}{{println}}{{range .Config.Env}}{{println .}}{{end}}';

/** A stop by hand also keeps docker's restart policy from starting it again meanwhile. */
export function createDockerWay(container: string): ControlWay {
  const ask = (args: readonly string[], signal: AbortSignal, timeoutMs = ASK_LIMIT_MS): Promise<string> =>
    runChecked(['docker', ...args], { timeoutMs, signal });
  const inspect = (format: string, signal: AbortSignal): Promise<string> =>
    ask(['inspect', '--type', 'container', '--format', format, container], signal);
  return {
    async stop(signal) {
      await ask(['stop', '-t', String(STOP_SECONDS), container], signal, (STOP_SECONDS + 30) * 1_000);
    },
    async start(signal) {
      await ask(['start', container], signal);
    },
    async latestCheckpoint(signal) {
      // Its data are a volume that only containers can be sure to see, so another one of the same image looks.
      const [image = '', ...environment] = (await inspect(FACTS, signal)).split('\n');
      const named = environment.find((line) => line.startsWith('PGDATA='))?.slice('PGDATA='.length);
      const look = ['run', '--rm', '--network', 'none', '--volumes-from', container];
      const program = ['--entrypoint', 'pg_controldata', image, '-D', named ?? '/var/lib/postgresql/data'];
      return latestCheckpointIn(await ask([...look, ...program], signal));
    },
    async livingProcesses() {
      const signal = AbortSignal.timeout(ASK_LIMIT_MS);
      try {
        if ((await inspect('{{.State.Running}}', signal)).trim() === 'false') return 0;
        const top = await runProgram(['docker', 'top', container], { timeoutMs: ASK_LIMIT_MS, signal });
        if (top.exitCode !== 0) return null;
        return top.output.split('\n').filter((line) => /postgres/.test(line) && !line.includes('proxpanel-guard'))
          .length;
      } catch (error) {
        // Docker itself does not answer: nothing is known.
        if (error instanceof Fault) return null;
        throw error;
      }
    },
  };
}
