/** How far this server's join is: the script, its phases, the clone (DESIGN §6.5, §6.6). */
import type { JoinProgress } from '@proxpanel/contracts/status';
import type { ClusterContext } from './cluster-context.ts';
import { isRejoinScript, rejoinScriptName, scriptCommand, setupScriptName } from './make-script.ts';
import { configuredRole, slotNameOf } from './membership.ts';

/** null on a server that never joined, and once it has been main. */
export function readJoinProgress(context: ClusterContext): JoinProgress | null {
  const { membership, join_script: script } = context.nodeFile.get();
  if (membership === null || script === null || configuredRole(membership) !== 'secondary') return null;
  const expired = context.clock.nowMs() > Date.parse(script.credential_expires_at);
  const directory = context.database.view().dataDirectory;
  const [name, label] = isRejoinScript(script) ? [rejoinScriptName, 'rejoin'] : [setupScriptName, 'join'];
  const place = directory === null ? 'the data directory' : directory;
  return {
    node_id: membership.node_id,
    slot_name: membership.slot_name ?? slotNameOf(membership.node_id),
    main_address: script.main_address,
    script_path: script.script_path,
    script_command: scriptCommand(script.script_path),
    // The script is written to this server's disk already; this is for an admin who is only on the page. The shell's own
    // printf, since every user of the machine can read curl's arguments.
    download_command: `printf 'Authorization: Bearer %s' "$TOKEN" | curl -fsSOH @- ${context.own.apiUrl}/api/cluster/${name}`,
    credential_expires_at: script.credential_sha256 === null || expired ? null : script.credential_expires_at,
    old_database_note: `This server's old database is kept beside ${place}, as <name>.before-${label}-<time>, until you delete it.`,
    phases: script.phases,
    clone: context.memory.cloneOfThisServer,
    finished: script.finished,
  };
}
