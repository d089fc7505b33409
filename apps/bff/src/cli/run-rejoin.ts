/** `proxpanel-cluster rejoin`: the repair of an old main that has parted from the new one. */
import { spawn } from 'node:child_process';
import type { ClusterStatus } from '@proxpanel/contracts/status';
import type { Environment } from '../environment.ts';
import { Fault, messageOf } from '../fault.ts';
import type { OpenPanel } from './open-panel.ts';
import { agree, type Terminal } from './terminal.ts';
import { until } from './until.ts';

/** A new base backup over a slow link takes hours. */
const scriptLimitMs = 24 * 3_600_000;
const followsWithinMs = 120_000;
const pauseMs = 500;

export interface RejoinOptions {
  readonly run?: boolean;
  readonly yes?: boolean;
}

/** Resolves once the script is written; with --run once this server follows main again. BLOCKED with the reasons. */
export async function runRejoin(
  panel: OpenPanel,
  terminal: Terminal,
  environment: Environment,
  options: RejoinOptions,
): Promise<void> {
  const status = await panel.api.call('clusterStatus');
  const { allowed, reasons } = status.actions.rejoin;
  if (!allowed) throw new Fault('BLOCKED', reasons[0]?.sentence ?? 'There is nothing to repair.', { reasons });
  if (status.divergence !== null) terminal.say(status.divergence.reason);
  if (options.run === true) {
    await agree(terminal, 'Repair this server now? A copy of its data directory is kept.', options.yes === true);
    // The script fetches its login from, and reports to, the panel's own address.
    await panel.serveToOthers();
    panel.act();
  }
  const reply = await panel.api.call('rejoin');
  terminal.say(`The script is ${reply.script_path}.`);
  if (environment.runScripts && panel.runs && options.run !== true) {
    terminal.say('The panel runs it now (RUN_SCRIPTS); its page and the status say how far it is.');
    return;
  }
  if (options.run !== true) {
    const first = panel.runs ? '' : 'Start the panel first, which the script asks for its login; then run';
    terminal.say(`${first === '' ? 'Run' : first} it within 15 minutes, as root: ${reply.script_command}`);
    return;
  }
  if (!environment.runScripts) await runScript(reply.script_path);
  await waitUntilFollowing(panel, environment.runScripts ? scriptLimitMs : followsWithinMs);
  terminal.say('This server follows main again.');
}

/** In this terminal, with what it prints. BLOCKED when it fails, which puts the data directory back as it was. */
async function runScript(path: string): Promise<void> {
  const child = spawn('bash', [path], {
    cwd: '/',
    env: { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', LANG: 'C.UTF-8' },
    stdio: 'inherit',
    timeout: scriptLimitMs,
  });
  const { promise, resolve, reject } = Promise.withResolvers<number | null>();
  child.once('exit', resolve);
  child.once('error', (error) => reject(new Fault('HOST_FAULT', `bash cannot be run: ${messageOf(error)}.`)));
  const code = await promise;
  if (code !== 0) throw new Fault('BLOCKED', `${path} ended with ${String(code)}; what it printed says why.`);
}

async function waitUntilFollowing(panel: OpenPanel, limitMs: number): Promise<void> {
  let last: ClusterStatus | null = null;
  const follows = async (): Promise<boolean> => {
    last = await panel.api.call('clusterStatus');
    const own = last.nodes.find((node) => node.is_self);
    return last.divergence === null && own?.status === 'online' && own.wal.state === 'streaming';
  };
  if (await until(follows, { limitMs, pauseMs })) return;
  throw new Fault('BLOCKED', 'The script is done, and this server does not follow main yet; the status says why.');
}
