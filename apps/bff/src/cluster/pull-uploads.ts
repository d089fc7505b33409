/** A secondary makes main's pictures its own: what differs, in pieces that survive a restart, proved by SHA-256 (DESIGN §11). */
import type { Upload } from '@proxpanel/contracts/uploads';
import { Fault, messageOf } from '../fault.ts';
import type { ClusterContext } from './cluster-context.ts';
import { configuredRole, mainPeer, targetOf } from './membership.ts';
import { measureParity } from './measure-parity.ts';
import type { PeerTarget } from './peer-ports.ts';

/** A piece of 256 kB as base64 takes 3 s at 1 Mbit/s. */
const callTimeoutMs = 15_000;
const lastPullMs = 3_000;
const faultName = 'uploads';

/**
 * Asks nothing of main while both say that they have the same; resolves with whether it asked. What main no longer has is
 * removed only once all that it has is here whole. A fault stands as a notice until a later pull succeeds.
 */
export async function pullUploads(context: ClusterContext, signal: AbortSignal): Promise<boolean> {
  const main = mainToPullFrom(context);
  if (main === null || hasTheSame(context, main.nodeId)) {
    context.memory.standingFaults.delete(faultName);
    return false;
  }
  await oneAtATime(context, () => pullFrom(context, main, signal));
  return true;
}

/**
 * On the candidate of a planned change of main, while main still serves: what was put up there since the last pull. A
 * change of main waits 3 s for it and no longer: it must not hang on a picture.
 */
export async function pullBeforeTakingOver(context: ClusterContext): Promise<void> {
  const main = mainToPullFrom(context);
  if (main === null) return;
  const signal = AbortSignal.timeout(lastPullMs);
  const { promise: timeIsUp, resolve } = Promise.withResolvers<void>();
  signal.addEventListener('abort', () => {
    resolve();
  });
  // Of its own signal only the pull hears that is begun here: one that runs already goes on by itself.
  await Promise.race([oneAtATime(context, () => pullFrom(context, main, signal)), timeIsUp]);
  if (signal.aborted) context.log.warn({ main: main.target.apiUrl }, "not all of main's pictures have come in time");
}

/** Two pulls would write into the same files. */
function oneAtATime({ memory }: ClusterContext, pull: () => Promise<void>): Promise<void> {
  memory.uploadsPull ??= pull().finally(() => {
    memory.uploadsPull = null;
  });
  return memory.uploadsPull;
}

async function pullFrom(context: ClusterContext, main: MainToPullFrom, signal: AbortSignal): Promise<void> {
  const { standingFaults } = context.memory;
  try {
    const { body } = await context.peers.call('uploadManifest', main.target, undefined, {
      timeoutMs: callTimeoutMs,
      signal,
    });
    // A main without any list may have lost its disk: that is no reason to throw ours away.
    if (body.uploads !== null) await takeOver(context, main, body.uploads, signal);
    standingFaults.delete(faultName);
  } catch (error) {
    if (signal.aborted) return;
    if (!(error instanceof Fault)) throw error;
    const sentence = `The pictures of main could not be fetched: ${messageOf(error)}`;
    if (standingFaults.get(faultName) !== sentence) context.log.warn({ code: error.code }, sentence);
    standingFaults.set(faultName, sentence);
  }
  await measureParity(context);
}

interface MainToPullFrom {
  readonly nodeId: number;
  readonly target: PeerTarget;
}

/** null: this server follows nobody. */
function mainToPullFrom(context: ClusterContext): MainToPullFrom | null {
  const { membership } = context.nodeFile.get();
  if (membership === null || configuredRole(membership) !== 'secondary') return null;
  const main = mainPeer(membership);
  return main === null ? null : { nodeId: main.node_id, target: targetOf(membership, main) };
}

/** Or main has not said what it has: it is asked once it answers. */
function hasTheSame({ memory }: ClusterContext, mainNodeId: number): boolean {
  const probe = memory.probes.get(mainNodeId);
  const theirs = probe?.lastFailedAtMs === null ? probe.reply?.parity?.uploads : null;
  return theirs == null || theirs === memory.parity?.uploads;
}

async function takeOver(
  context: ClusterContext,
  main: MainToPullFrom,
  uploads: readonly Upload[],
  signal: AbortSignal,
): Promise<void> {
  for (const upload of uploads) {
    if (!(await context.uploads.isWhole(upload))) await pullOne(context, main.target, upload, signal);
  }
  // The list of a server that is main no more must not stand over what an admin has put up here since.
  await context.uploads.adopt(uploads, () => {
    const { membership } = context.nodeFile.get();
    return configuredRole(membership) === 'secondary' && membership?.main_node_id === main.nodeId;
  });
  context.log.info({ pictures: uploads.length }, "took over main's pictures");
}

/** Goes on where an earlier pull ended. BAD_REPLY when what came is not the picture. */
async function pullOne(
  context: ClusterContext,
  target: PeerTarget,
  upload: Upload,
  signal: AbortSignal,
): Promise<void> {
  let offset = await context.uploads.pulledBytes(upload);
  while (offset < upload.size_bytes) {
    const { body } = await context.peers.call('upload', target, undefined, {
      timeoutMs: callTimeoutMs,
      signal,
      params: { sha256: upload.sha256 },
      query: { offset: String(offset) },
    });
    const bytes = Buffer.from(body.chunk_base64, 'base64');
    const fits = bytes.length > 0 && offset + bytes.length <= upload.size_bytes;
    if (body.sha256 !== upload.sha256 || body.offset !== offset || !fits) {
      throw new Fault('BAD_REPLY', `${target.apiUrl} answers with another piece of a picture than was asked for.`);
    }
    await context.uploads.appendPulled(upload, bytes);
    offset += bytes.length;
  }
  if (await context.uploads.finishPulled(upload)) return;
  throw new Fault('BAD_REPLY', `What came from ${target.apiUrl} as the ${upload.kind} is not that picture.`);
}
