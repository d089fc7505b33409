/** `proxpanel-cluster promote`: the planned change, the emergency, or a main that waits and goes on; it says which. */
import type { PromoteBody } from '@proxpanel/contracts/operations';
import type { ClusterStatus } from '@proxpanel/contracts/status';
import { Fault } from '../fault.ts';
import { endWithOperation } from './end-with-operation.ts';
import { followOperation } from './follow-operation.ts';
import type { OpenPanel } from './open-panel.ts';
import { resumeWaitingMain } from './resume-waiting-main.ts';
import { agree, typedName, type Terminal } from './terminal.ts';

export interface PromoteOptions {
  readonly emergency?: boolean;
  readonly switchover?: boolean;
  readonly withoutArbiter?: boolean;
  readonly confirm?: string;
  readonly reason?: string;
  readonly yes?: boolean;
}

/** Resolves once the change is complete. The panel's refusals, each with its reasons; BLOCKED when it failed. */
export async function runPromote(panel: OpenPanel, terminal: Terminal, options: PromoteOptions): Promise<void> {
  if (options.emergency === true && options.switchover === true) {
    throw new Fault('INVALID_REQUEST', 'Say --emergency or --switchover, not both.');
  }
  const status = await panel.api.call('clusterStatus');
  const { role } = status.server;
  if (role === 'standalone') throw new Fault('NOT_CONFIGURED', 'This server belongs to no cluster.');
  if (role === 'main' && status.database.state !== 'writable') {
    await resumeWaitingMain(panel, terminal, status, options);
    return;
  }
  const mode = modeOf(status, options);
  if (role === 'main' && mode === 'emergency') {
    throw new Fault('NOT_SECONDARY', 'This server is main and takes writes; an emergency is said on the secondary.');
  }
  if (mode === 'switchover') await beginSwitchover(panel, terminal, status, options);
  else await beginEmergency(panel, terminal, status, options);
  const body = bodyOf(status, mode, options);
  endWithOperation(await followOperation(panel.api, await begin(panel, terminal, body), terminal.say), terminal);
}

function modeOf({ server, promote }: ClusterStatus, options: PromoteOptions): PromoteBody['mode'] {
  if (options.emergency === true) return 'emergency';
  if (options.switchover === true || server.role === 'main') return 'switchover';
  return promote.mode;
}

function bodyOf({ promote }: ClusterStatus, mode: PromoteBody['mode'], options: PromoteOptions): PromoteBody {
  const { confirm, reason } = options;
  return {
    mode,
    ...(promote.node_id === null ? {} : { node_id: promote.node_id }),
    ...(confirm === undefined ? {} : { confirm }),
    ...(reason === undefined ? {} : { reason }),
    ...(mode === 'emergency' && options.withoutArbiter === true ? { without_arbiter: true } : {}),
  };
}

async function beginSwitchover(
  panel: OpenPanel,
  terminal: Terminal,
  { promote, nodes }: ClusterStatus,
  options: PromoteOptions,
): Promise<void> {
  const candidate = nodes.find((node) => node.id === promote.node_id);
  const whom = candidate === undefined ? 'The secondary' : `"${candidate.display_name}"`;
  terminal.say(`Planned switchover: ${whom} becomes main, nothing is lost, writes pause for a moment.`);
  await agree(terminal, 'Change main now?', options.yes === true);
  // Both servers ask each other on the way: without a panel this process answers in its place.
  await panel.serveToOthers();
  panel.act();
}

async function beginEmergency(
  panel: OpenPanel,
  terminal: Terminal,
  { promote, server, arbiter }: ClusterStatus,
  options: PromoteOptions,
): Promise<void> {
  terminal.say(
    `Emergency promotion: "${server.display_name ?? ''}" becomes main, and the old main is shut where it answers.`,
  );
  if (promote.loss_forecast !== null) terminal.say(promote.loss_forecast.sentence);
  for (const { sentence } of promote.warnings) terminal.say(`Warning: ${sentence}`);
  if (!panel.runs && arbiter !== null) {
    terminal.say(
      'There is an arbiter: a main without its panel is shut within seconds. Start the panel right afterwards.',
    );
  }
  await agree(terminal, 'Promote this server now?', options.yes === true);
  panel.act();
}

/** Asks for the name when the panel does, and only then. */
async function begin(panel: OpenPanel, terminal: Terminal, body: PromoteBody): Promise<string> {
  try {
    return (await panel.api.call('promote', { body })).operation_id;
  } catch (error) {
    if (!(error instanceof Fault) || error.code !== 'CONFIRMATION_NEEDED' || body.confirm !== undefined) throw error;
    for (const { sentence } of error.details.reasons ?? []) terminal.say(`Warning: ${sentence}`);
    const confirm = await typedName(terminal, error.message, undefined);
    return (await panel.api.call('promote', { body: { ...body, confirm } })).operation_id;
  }
}
