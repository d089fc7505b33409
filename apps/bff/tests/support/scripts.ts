/** Runs of the generated setup_replica.sh on a server, as an admin there starts it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Daemon } from '@proxpanel/testbed/daemon';
import type { TestServer } from '@proxpanel/testbed/server';
import { waitFor } from '@proxpanel/testbed/wait-for';

export interface ScriptEnd {
  exitCode: number;
  output: string;
}

/** Runs it to its end. */
export async function runScript(server: TestServer, path: string, args: readonly string[] = []): Promise<ScriptEnd> {
  const { exitCode, stdout, stderr } = await server.run(['bash', path, ...args], { timeoutMs: 300_000 });
  return { exitCode, output: `${stdout}\n${stderr}` };
}

/** Starts a clone that takes minutes, and returns once main sends its data. */
export async function startSlowClone(main: TestServer, server: TestServer, path: string): Promise<Daemon> {
  const logPath = join(server.directory, 'slow-clone.log');
  const script = await server.startProgram(['env', 'PROXPANEL_MAX_RATE=64k', 'bash', path], logPath);
  await waitFor(
    async () => {
      if (!script.isRunning()) return `it ended: ${readFileSync(logPath, 'utf8')}`;
      const [row] = await main.postgres.query<{ seen: boolean }>(
        'SELECT EXISTS (SELECT FROM pg_stat_progress_basebackup WHERE backup_streamed > 0) AS seen',
      );
      return row?.seen === true;
    },
    { describe: 'main to send the clone', until: (seen) => seen !== false },
  );
  if (script.isRunning()) return script;
  throw new Error(`the script ended before its clone was seen:\n${readFileSync(logPath, 'utf8')}`);
}
