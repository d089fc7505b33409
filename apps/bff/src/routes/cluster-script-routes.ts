/** The generated script: served to the admin, and its own two calls (DESIGN §6.5). */
import { readFile } from 'node:fs/promises';
import type { ClusterContext } from '../cluster/cluster-context.ts';
import { issueScriptCredential } from '../cluster/issue-script-credential.ts';
import { isRejoinScript, makeSetupScript, rejoinScriptName, setupScriptName } from '../cluster/make-script.ts';
import { rejoinNode } from '../cluster/rejoin-node.ts';
import { reportScriptPhase } from '../cluster/report-script-phase.ts';
import { startScript } from '../cluster/run-setup-script.ts';
import type { StatusCache } from '../cluster/status-cache.ts';
import { Fault } from '../fault.ts';
import type { Register } from '../http/call.ts';
import { RawReply } from '../http/raw-reply.ts';

export function registerClusterScriptRoutes(register: Register, context: ClusterContext, status: StatusCache): void {
  register('setupReplicaScript', async () => {
    const script = context.nodeFile.get().join_script;
    if (script === null || isRejoinScript(script))
      throw new Fault('NOT_CONFIGURED', 'This server has not joined a main server, so there is no script.');
    return scriptReply(setupScriptName, script.script_path);
  });
  register('rejoinScript', async () => {
    const script = context.nodeFile.get().join_script;
    if (script === null || !isRejoinScript(script))
      throw new Fault(
        'NOT_AVAILABLE',
        'No repair script has been made; ask for one with Rejoin in Settings → Cluster.',
      );
    return scriptReply(rejoinScriptName, script.script_path);
  });
  register('rejoin', () => status.after(() => rejoinNode(context)));
  register('renewScript', () =>
    status.after(async () => {
      const bytes = context.nodeFile.get().join_script?.database_bytes ?? 0;
      const reply = await makeSetupScript(context, bytes);
      if (context.own.runScripts) startScript(context, reply.script_path);
      return reply;
    }),
  );
  register('scriptCredential', async ({ scriptToken }) =>
    RawReply.text(await issueScriptCredential(context, scriptToken)),
  );
  register('scriptPhase', async ({ body, scriptToken }) => {
    await status.after(() => reportScriptPhase(context, scriptToken, body));
    return { ok: true as const };
  });
}

async function scriptReply(name: string, path: string): Promise<RawReply> {
  return new RawReply({
    body: await readScript(path),
    contentType: 'text/x-shellscript; charset=utf-8',
    headers: { 'Content-Disposition': `inline; filename="${name}"` },
  });
}

async function readScript(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw new Fault('NOT_FOUND', 'The script is no longer on this server; make a new one.', { cause: error });
  }
}
