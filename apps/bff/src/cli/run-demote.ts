/** `proxpanel-cluster demote`: this main's writes are shut, and nobody is promoted. */
import type { ClusterStatus } from '@proxpanel/contracts/status';
import { Fault } from '../fault.ts';
import type { OpenPanel } from './open-panel.ts';
import { typedName, type Terminal } from './terminal.ts';

export interface DemoteOptions {
  readonly confirm?: string;
  readonly reason?: string;
  readonly yes?: boolean;
}

/** Resolves once the database is read-only. */
export async function runDemote(panel: OpenPanel, terminal: Terminal, options: DemoteOptions): Promise<void> {
  const status = await panel.api.call('clusterStatus');
  const { server } = status;
  const name = server.display_name;
  if (server.role !== 'main' || name === null) throw new Fault('NOT_MAIN', 'This server is not main.');
  terminal.say(
    `The writes of "${name}" are shut now: who is connected to its database is cut off, and nothing is lost.`,
  );
  terminal.say('Nobody is promoted. It stays read-only, restarts included, until proxpanel-cluster promote.');
  if (mayBeTakenOver(status)) {
    terminal.say(
      'Automatic failover is on: with an arbiter, or once this server is silent, a secondary takes over. proxpanel-cluster hold keeps it from that.',
    );
  }
  const question = `Type the name of this server, "${name}", to shut its writes.`;
  const confirm = options.yes === true ? name : await typedName(terminal, question, options.confirm);
  const { reason } = options;
  await panel.api.call('demote', { body: { confirm, ...(reason === undefined ? {} : { reason }) } });
  terminal.say(`"${name}" is read-only. Open it again with: proxpanel-cluster promote`);
}

function mayBeTakenOver({ cluster, failover }: ClusterStatus): boolean {
  const isHeld = failover?.blockers.some(({ code }) => code === 'hold') ?? false;
  return cluster?.settings.auto_failover === true && !isHeld;
}
