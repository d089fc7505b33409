/** Makes the generated scripts with fresh one-time tokens and writes them to SCRIPT_DIR (DESIGN §6.5). */
import { createHash, randomBytes } from 'node:crypto';
import { basename } from 'node:path';
import type { SetupSecondaryReply } from '@proxpanel/contracts/membership';
import { Fault } from '../fault.ts';
import type { ClusterContext } from './cluster-context.ts';
import { mainPeer, requireMembership, slotNameOf } from './membership.ts';
import type { JoinScript, NodeFile } from './node-file.ts';
import type { ScriptInput } from './scripts/render-script.ts';
import { renderSetupReplicaScript } from './scripts/render-setup-replica-script.ts';

export const setupScriptName = 'setup_replica.sh';
export const rejoinScriptName = 'rejoin.sh';
/** DESIGN §6.5: the credential token is good once and for 15 minutes. */
const credentialLifetimeMs = 15 * 60_000;

export interface ScriptToMake {
  readonly name: typeof setupScriptName | typeof rejoinScriptName;
  /** Of main's database, as well as it is known. */
  readonly databaseBytes: number;
  /** Whether this server follows main now, and goes on doing so until the script touches its data. */
  readonly follows: boolean;
  readonly render: (input: ScriptInput) => string;
}

export function sha256Of(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}

export function isRejoinScript(script: JoinScript): boolean {
  return basename(script.script_path) === rejoinScriptName;
}

/** NOT_CONFIGURED outside a cluster, NOT_SECONDARY on main, PREFLIGHT_FAILED when PostgreSQL cannot be controlled. */
export function makeSetupScript(context: ClusterContext, databaseBytes: number): Promise<SetupSecondaryReply> {
  const follows = context.nodeFile.get().join_script?.finished ?? false;
  return makeScript(context, { name: setupScriptName, databaseBytes, follows, render: renderSetupReplicaScript });
}

/** Replaces the script that was made before, whichever that was: its tokens are worth nothing from now on. */
export async function makeScript(context: ClusterContext, making: ScriptToMake): Promise<SetupSecondaryReply> {
  const membership = requireMembership(context.nodeFile.get());
  const main = mainPeer(membership);
  if (main === null || main.node_id === membership.node_id) {
    throw new Fault('NOT_SECONDARY', 'Only a secondary needs such a script; this server is main.');
  }
  const control = context.own.postgresControl;
  if (control === null) {
    throw new Fault(
      'PREFLIGHT_FAILED',
      'Set POSTGRES_CONTROL, so that the script knows how to stop this PostgreSQL, and restart the panel.',
    );
  }
  const credentialToken = randomBytes(24).toString('base64url');
  const phaseToken = randomBytes(24).toString('base64url');
  const nowMs = context.clock.nowMs();
  const view = context.database.view();
  const slotName = slotNameOf(membership.node_id);
  const text = making.render({
    nodeId: membership.node_id,
    slotName,
    mainHost: main.address,
    mainPort: main.postgres_port,
    mainDisplayName: main.display_name,
    ownDisplayName: membership.display_name,
    postgresMajor: view.versionNum === null ? 15 : Math.floor(view.versionNum / 10_000),
    control,
    dataDirectory: view.dataDirectory,
    localApiUrl: context.own.localApiUrl,
    panelUrl: context.own.apiUrl,
    credentialToken,
    phaseToken,
    requiredBytes: Math.ceil(making.databaseBytes),
    generatedAt: new Date(nowMs).toISOString(),
  });
  const path = await context.host.writeScript(making.name, text);
  const script: JoinScript = {
    main_address: main.address,
    script_path: path,
    credential_sha256: sha256Of(credentialToken),
    credential_expires_at: new Date(nowMs + credentialLifetimeMs).toISOString(),
    phase_token_sha256: sha256Of(phaseToken),
    database_bytes: making.databaseBytes,
    phases: [],
    finished: making.follows,
  };
  await context.nodeFile.update((current): NodeFile => ({ ...current, join_script: script }));
  return { node_id: membership.node_id, slot_name: slotName, script_path: path, script_command: scriptCommand(path) };
}

export function scriptCommand(path: string): string {
  return `bash ${path}`;
}
