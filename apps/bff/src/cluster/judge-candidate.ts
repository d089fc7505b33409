/** Is this secondary able to take over now, with nothing lost (DESIGN §8 "Switchover")? Reasons against it, one sentence each. */
import type { Reason } from '@proxpanel/contracts/primitives';
import { bytesInWords, durationInWords } from '@proxpanel/failover/words';
import { Fault, messageOf } from '../fault.ts';
import type { ClusterContext } from './cluster-context.ts';
import { isOpenHandover } from './handover.ts';
import { configuredRole, mainPeer } from './membership.ts';
import type { Membership } from './node-file.ts';
import { observeReplication, ownLag, receiverStreams } from './observe-replication.ts';
import type { PostgresLimits } from '@proxpanel/contracts/peer';
import { bootMs } from './sounds.ts';

/** So much is replayed in a few seconds; more than that would be waited for with main shut. */
export const MOST_LAG_BYTES = 64 * 1024 * 1024;
const preflightTimeoutMs = 5_000;

/** By what is known without asking anybody. `ignoreLock`: asked from within the operation itself. */
export function candidateReasons(context: ClusterContext, ignoreLock = false): Reason[] {
  const { membership, join_script: script } = context.nodeFile.get();
  if (membership === null || configuredRole(membership) !== 'secondary') {
    return [{ code: 'not_secondary', sentence: 'This server is not a secondary.' }];
  }
  const reasons: Reason[] = [];
  const add = (code: string, sentence: string): void => void reasons.push({ code, sentence });
  const view = context.database.view();
  if (view.state !== 'recovery')
    add('not_in_recovery', `The candidate's database is not in recovery: ${view.sentence}`);
  if (membership.divergence !== null) add('diverged', 'The candidate has diverged from main and waits for its repair.');
  else if (membership.fence !== null) add('fenced', 'The candidate was fenced and does not follow main yet.');
  if (script !== null && !script.finished) add('cloning', "The copy of main's database is not complete.");
  const busy = context.lock.running();
  if (busy !== null && !ignoreLock) add('busy', `The candidate is busy with ${busy}.`);
  if (isOpenHandover(membership.handover)) add('handover_open', 'An earlier change of main is not settled yet.');
  const promisedMs = promisedForMs(context, membership);
  if (promisedMs > 0) {
    add('promise_runs', `The candidate promised not to be promoted for another ${durationInWords(promisedMs)}.`);
  }
  return view.state === 'recovery' ? [...reasons, ...walReasons(context)] : reasons;
}

function walReasons(context: ClusterContext): Reason[] {
  const { positions } = context.memory;
  if (!receiverStreams(positions))
    return [{ code: 'not_streaming', sentence: 'No WAL of main reaches the candidate.' }];
  const { bytes } = ownLag(context, positions);
  if (bytes === null || bytes <= MOST_LAG_BYTES) return [];
  return [{ code: 'lag', sentence: `The candidate is ${bytesInWords(bytes)} behind; wait until it has caught up.` }];
}

function promisedForMs(context: ClusterContext, { promise }: Membership): number {
  return promise?.boot_id === context.clock.bootId() ? promise.boot_ms - bootMs(context) : 0;
}

/** The same with fresh eyes: WAL and the database looked at now, main's limits and version asked of it. */
export async function judgeCandidate(context: ClusterContext, ignoreLock: boolean): Promise<Reason[]> {
  await context.database.look();
  await observeReplication(context);
  const reasons = candidateReasons(context, ignoreLock);
  if (reasons.length > 0) return reasons;
  const [checks, mains] = await Promise.all([context.replication.checkForShutdown(), compareWithMain(context)]);
  return [
    ...checks.refusals.map(({ code, sentence }) => ({ code, sentence: `On the candidate: ${sentence}` })),
    ...mains,
  ];
}

/** Main becomes the standby: it must have at least this server's limits, or it would stop replaying (DESIGN §6.3). */
async function compareWithMain(context: ClusterContext): Promise<Reason[]> {
  const file = context.nodeFile.get();
  const main = file.membership === null ? null : mainPeer(file.membership);
  if (file.membership === null || main === null) return [{ code: 'no_main', sentence: 'The candidate knows no main.' }];
  const target = {
    apiUrl: main.api_url,
    nodeId: null,
    clusterId: null,
    secret: file.membership.secret,
    issuer: `server:${file.server_id}`,
  };
  const own = context.database.view();
  const asked = { server_id: file.server_id, version: context.own.version, postgres_version_num: own.versionNum };
  try {
    const options = { timeoutMs: preflightTimeoutMs };
    const [{ body }, limits] = await Promise.all([
      context.peers.call('preflight', target, asked, options),
      context.replication.limits(),
    ]);
    const reasons: Reason[] = lowerLimits(body.limits, limits);
    if (body.version !== context.own.version) {
      const sentence = `The panels have different versions: ${body.version} on main, ${context.own.version} on the candidate.`;
      reasons.push({ code: 'versions_differ', sentence });
    }
    return reasons;
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return [{ code: 'main_silent', sentence: `The candidate does not reach main: ${messageOf(error)}` }];
  }
}

function lowerLimits(mains: PostgresLimits, own: PostgresLimits): Reason[] {
  const names = Object.keys(own) as (keyof PostgresLimits)[];
  return names
    .filter((name) => mains[name] < own[name])
    .map((name) => ({
      code: 'limits_differ',
      sentence: `${name} is ${String(own[name])} on the candidate and ${String(mains[name])} on main, which could not follow it.`,
    }));
}
