/** `proxpanel-cluster` on a test server, as root would type it on the host. */
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { builtBffPath } from '@proxpanel/testbed/bff-process';
import type { CommandResult } from '@proxpanel/testbed/command';
import type { Daemon } from '@proxpanel/testbed/daemon';
import type { TestServer } from '@proxpanel/testbed/server';

/** The command with the panel's variables in a file, as a service has them. */
function commandOn(server: TestServer, words: readonly string[]): string[] {
  const file = join(server.directory, 'panel.env');
  const lines = Object.entries(server.bff.environment).map(([name, value]) => `${name}="${value}"`);
  writeFileSync(file, `${lines.join('\n')}\n`, { mode: 0o600 });
  return [process.execPath, join(dirname(builtBffPath), 'cli.js'), '--env-file', file, ...words];
}

/** Runs it to its end; nobody is there to be asked. What it printed holds none of the server's passwords. */
export async function cli(server: TestServer, ...words: string[]): Promise<CommandResult> {
  const result = await server.run(commandOn(server, words), { timeoutMs: 110_000 });
  const said = `${result.stdout}\n${result.stderr}`;
  for (const name of ['DATABASE_URL', 'REDIS_URL'] as const) {
    const { password } = new URL(server.bff.environment[name] ?? '');
    if (password !== '' && said.includes(password)) throw new Error(`a password of ${name} was printed: ${said}`);
  }
  return result;
}

/** Starts it, to be killed in the middle. */
export function startCli(server: TestServer, ...words: string[]): Promise<Daemon> {
  return server.startProgram(commandOn(server, words), join(server.directory, 'cli.log'));
}
