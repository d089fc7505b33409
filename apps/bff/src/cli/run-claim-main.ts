/** `proxpanel-cluster claim-main`: "I am the only main", an admin's word where no server can give it (SAFETY §3 "Terms"). */
import { Fault } from '../fault.ts';
import { followOperation } from './follow-operation.ts';
import { endWithOperation } from './end-with-operation.ts';
import type { OpenPanel } from './open-panel.ts';
import { typedName, type Terminal } from './terminal.ts';

export interface ClaimOptions {
  readonly confirm?: string;
  readonly reason?: string;
}

/** Resolves once this server takes writes. BLOCKED with the reasons; CONFIRMATION_NEEDED without the name. */
export async function runClaimMain(panel: OpenPanel, terminal: Terminal, options: ClaimOptions): Promise<void> {
  const status = await panel.api.call('clusterStatus');
  const { allowed, reasons } = status.actions.claim_main;
  if (!allowed) throw new Fault('BLOCKED', reasons[0]?.sentence ?? 'This cannot be said here now.', { reasons });
  const name = status.server.display_name ?? '';
  const warning =
    'If another server took writes meanwhile, there are two histories afterwards, and one of them will be thrown away.';
  terminal.say(warning);
  const confirm = await typedName(
    terminal,
    `Type the name of this server, "${name}", to say that it is the only main.`,
    options.confirm,
  );
  panel.act();
  const { reason } = options;
  const body = { confirm, ...(reason === undefined ? {} : { reason }) };
  const { operation_id: id } = await panel.api.call('claimMain', { body });
  endWithOperation(await followOperation(panel.api, id, terminal.say), terminal);
}
