import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { isSystemError } from './errors.ts';
import { waitFor } from './wait-for.ts';

/**
 * SIGSTOP, and waits until not one thread of the process runs: each takes the signal when it is scheduled next, and a
 * thread on the other core can answer a request until then. One that ends meanwhile is as still as it can be.
 *
 * @throws Error `ESRCH` when there is no such process; TestbedError `DEADLINE`.
 */
export async function pauseProcess(pid: number): Promise<void> {
  process.kill(pid, 'SIGSTOP');
  await waitFor(() => threadStatesOf(pid).every((state) => 'TtZX'.includes(state)), {
    describe: `process ${String(pid)} to stand still`,
    intervalMs: 1,
  });
}

/** One letter of the kernel for each thread; none when the process is gone. */
function threadStatesOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${String(pid)}/task`).map((thread) => {
      const stat = readFileSync(`/proc/${String(pid)}/task/${thread}/stat`, 'utf8');
      return stat.charAt(stat.lastIndexOf(')') + 2);
    });
  } catch (error) {
    // A thread that ended between the two reads is not there at the next look.
    if (isSystemError(error, 'ENOENT', 'ESRCH')) return existsSync(`/proc/${String(pid)}`) ? ['R'] : [];
    throw error;
  }
}
