/**
 * The watcher of one workspace, a process of its own in its own session. It reads what the owner makes, line by line,
 * from the pipe that only the owner holds. When the pipe ends, because the owner disposes or because it died in
 * whatever way, it removes everything. So there is one way of cleaning up, and it is used every time.
 */
import { createInterface } from 'node:readline';
import { isWorkspaceDirectory, reap } from './reap.ts';
import type { Estate } from './reap.ts';
import type { ProcessIdentity } from './processes.ts';

/** One line of the pipe, as JSON. */
export type ReaperLine =
  | { type: 'directory'; path: string }
  | { type: 'keep-directory' }
  | { type: 'process'; process: ProcessIdentity }
  | { type: 'namespace'; name: string }
  | { type: 'link'; name: string };

if (import.meta.main) await main();

async function main(): Promise<void> {
  // A terminal's Ctrl-C, a closed session or a polite kill must not stop the one that cleans up.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);
  // The owner may be dead when the result is written: then there is nobody to tell.
  process.stdout.on('error', () => undefined);

  const estate: Estate = { directory: '', keepDirectory: false, processes: [], namespaces: [], links: [] };
  for await (const line of createInterface({ input: process.stdin })) record(estate, JSON.parse(line) as ReaperLine);
  const problems = isWorkspaceDirectory(estate.directory)
    ? await reap(estate)
    : [`refused to clean "${estate.directory}", which is no workspace`];
  process.exitCode = problems.length === 0 ? 0 : 1;
  process.stdout.write(`${JSON.stringify(problems)}\n`);
}

function record(estate: Estate, line: ReaperLine): void {
  switch (line.type) {
    case 'directory':
      estate.directory = line.path;
      break;
    case 'keep-directory':
      estate.keepDirectory = true;
      break;
    case 'process':
      estate.processes.push(line.process);
      break;
    case 'namespace':
      estate.namespaces.push(line.name);
      break;
    case 'link':
      estate.links.push(line.name);
      break;
  }
}
