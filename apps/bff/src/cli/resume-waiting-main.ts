/** A main that came up read-only goes on: by the arbiter's or another server's word, else by the admin's (SAFETY §1, §3). */
import type { ClusterStatus } from '@proxpanel/contracts/status';
import { Fault } from '../fault.ts';
import { describePhase } from './follow-operation.ts';
import type { OpenPanel } from './open-panel.ts';
import { runClaimMain } from './run-claim-main.ts';
import type { Terminal } from './terminal.ts';
import { until } from './until.ts';

/** The others are asked every few seconds; with an arbiter a lease that is another's has to run out. */
const resumesWithinMs = 15_000;
const leaseMarginMs = 10_000;
const operationLimitMs = 900_000;
const pauseMs = 250;

export interface ResumeOptions {
  readonly confirm?: string;
  readonly reason?: string;
}

/** Resolves once this server takes writes. BLOCKED or CONFIRMATION_NEEDED when nobody vouches for it and the admin does not. */
export async function resumeWaitingMain(
  panel: OpenPanel,
  terminal: Terminal,
  status: ClusterStatus,
  options: ResumeOptions,
): Promise<void> {
  const { database, arbiter, server } = status;
  if (database.state !== 'recovery') {
    throw new Fault('DATABASE_DOWN', `This server is main, and its PostgreSQL has to run first: ${database.sentence}`);
  }
  const asked =
    arbiter === null ? 'Another server has to say that it is still main' : 'It needs the lease of the arbiter';
  terminal.say(
    `"${server.display_name ?? ''}" is main already and waits, read-only: it is resumed, nobody is promoted.`,
  );
  terminal.say(`${asked}; otherwise you can say so yourself.`);
  await panel.api.call('endDemotion');
  panel.act();
  const limitMs = resumesWithinMs + (arbiter === null ? 0 : arbiter.lease_ttl_ms + leaseMarginMs);
  const last = await watchResumption(panel, terminal, limitMs);
  if (takesWrites(last)) {
    terminal.say('This server takes writes again.');
    return;
  }
  if (last.server.role !== 'main') {
    throw new Fault('BLOCKED', `This server is no longer main: ${last.server.role_sentence}`);
  }
  terminal.say(`It was not resumed: ${last.failover?.sentence ?? last.database.sentence}`);
  terminal.say('What is left is your own word that it is the only main (claim-main).');
  await runClaimMain(panel, terminal, options);
}

function takesWrites({ database, writes, operation }: ClusterStatus): boolean {
  return database.state === 'writable' && writes.allowed && operation?.state !== 'running';
}

/** Prints the phases of the resumption, which the server begins by itself. Resolves with the last status. */
async function watchResumption(panel: OpenPanel, terminal: Terminal, limitMs: number): Promise<ClusterStatus> {
  const said = new Set<string>();
  let last = await panel.api.call('clusterStatus');
  const look = async (): Promise<ClusterStatus> => {
    last = await panel.api.call('clusterStatus');
    if (last.operation?.kind !== 'resume_main') return last;
    for (const phase of last.operation.phases) {
      const line = describePhase(phase);
      // An attempt that nobody confirmed is made again and again; it is said once.
      if (phase.state === 'pending' || phase.state === 'running' || said.has(`${phase.name} ${phase.state}`)) continue;
      said.add(`${phase.name} ${phase.state}`);
      terminal.say(line);
    }
    return last;
  };
  await until(async () => takesWrites(await look()) || last.server.role !== 'main', { limitMs, pauseMs });
  // Once it promotes itself it is no longer a question of who vouches: replay and checkpoint take what they take.
  const isOver = async (): Promise<boolean> => {
    const { operation, database } = await look();
    return takesWrites(last) || (operation?.state !== 'running' && database.state === 'recovery');
  };
  if (last.operation?.state === 'running' || last.database.state !== 'recovery') {
    await until(isOver, { limitMs: operationLimitMs, pauseMs });
  }
  return last;
}
