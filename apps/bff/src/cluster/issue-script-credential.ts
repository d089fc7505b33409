/** Hands the replication login to the running script: once, within 15 minutes (DESIGN §6.5). */
import { timingSafeEqual } from 'node:crypto';
import { Fault } from '../fault.ts';
import { pgpassLine } from '../pgpass.ts';
import type { ClusterContext } from './cluster-context.ts';
import { sha256Of } from './make-script.ts';
import { mainPeer, requireMembership } from './membership.ts';

export function matchesHash(token: string, expectedSha256: string | null): boolean {
  if (expectedSha256 === null) return false;
  return timingSafeEqual(Buffer.from(sha256Of(token), 'hex'), Buffer.from(expectedSha256, 'hex'));
}

const whereToGetOne = 'Make a new script in Settings → Cluster and run that one.';

/** A pgpass line. TOKEN_SPENT, TOKEN_EXPIRED (both say where to get a new one) or BAD_TOKEN. */
export async function issueScriptCredential(context: ClusterContext, token: string): Promise<string> {
  const file = context.nodeFile.get();
  const membership = requireMembership(file);
  const script = file.join_script;
  if (script === null) throw new Fault('BAD_TOKEN', `There is no script to serve. ${whereToGetOne}`);
  if (script.credential_sha256 === null) {
    throw new Fault('TOKEN_SPENT', `The one-time token of this script has been used. ${whereToGetOne}`);
  }
  if (!matchesHash(token, script.credential_sha256)) {
    throw new Fault('BAD_TOKEN', `The token is not that of the newest script. ${whereToGetOne}`);
  }
  if (context.clock.nowMs() > Date.parse(script.credential_expires_at)) {
    throw new Fault('TOKEN_EXPIRED', `The one-time token of this script has run out. ${whereToGetOne}`);
  }
  const main = mainPeer(membership);
  if (main === null) throw new Fault('NOT_CONFIGURED', 'This server does not know its main server.');
  // Spent before it is answered: a reply that gets lost costs a new script, never a second use.
  await context.nodeFile.update((current) => ({
    ...current,
    join_script: current.join_script === null ? null : { ...current.join_script, credential_sha256: null },
  }));
  return pgpassLine({ host: main.address, port: main.postgres_port, login: membership.replication });
}
