/** Makes setup_replica.sh with fresh one-time tokens and writes it to SCRIPT_DIR (DESIGN §6.5). */
import { createHash, randomBytes } from 'node:crypto';
import type { SetupSecondaryReply } from '@proxpanel/contracts/membership';
import { Fault } from '../fault.ts';
import type { ClusterContext } from './cluster-context.ts';
import { mainPeer, requireMembership, slotNameOf } from './membership.ts';
import type { JoinScript, NodeFile } from './node-file.ts';
import { renderSetupReplicaScript } from './scripts/render-setup-replica-script.ts';

export const scriptName = 'setup_replica.sh';
/** DESIGN §6.5: the credential token is good once and for 15 minutes. */
const credentialLifetimeMs = 15 * 60_000;

export function sha256Of(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}

/** NOT_CONFIGURED outside a cluster, NOT_SECONDARY on main, PREFLIGHT_FAILED when PostgreSQL cannot be controlled. */
export async function makeSetupScript(context: ClusterContext, databaseBytes: number): Promise<SetupSecondaryReply> {
  const file = context.nodeFile.get();
  const membership = requireMembership(file);
  const main = mainPeer(membership);
  if (main === null || main.node_id === membership.node_id) {
    throw new Fault('NOT_SECONDARY', 'Only a secondary needs the clone script; this server is main.');
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
  const text = renderSetupReplicaScript({
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
    requiredBytes: Math.ceil(databaseBytes),
    generatedAt: new Date(nowMs).toISOString(),
  });
  const path = await context.host.writeScript(scriptName, text);
  const script: JoinScript = {
    main_address: main.address,
    script_path: path,
    credential_sha256: sha256Of(credentialToken),
    credential_expires_at: new Date(nowMs + credentialLifetimeMs).toISOString(),
    phase_token_sha256: sha256Of(phaseToken),
    database_bytes: databaseBytes,
    phases: [],
    // A replica that streams stays one until a new script touches its data.
    finished: file.join_script?.finished ?? false,
  };
  await context.nodeFile.update((current): NodeFile => ({ ...current, join_script: script }));
  return { node_id: membership.node_id, slot_name: slotName, script_path: path, script_command: scriptCommand(path) };
}

export function scriptCommand(path: string): string {
  return `bash ${path}`;
}
