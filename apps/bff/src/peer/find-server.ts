/** Which of the candidate URLs a ProxPanel server answers at (DESIGN §5, §6.3). */
import { healthReplySchema } from '@proxpanel/contracts/health';
import { endpoints } from '@proxpanel/contracts/endpoints';
import type { PeerPort } from '../cluster/peer-ports.ts';
import { Fault } from '../fault.ts';
import { dialledOf, type HttpReply, type PeerHttp } from './peer-http.ts';
import { strangerFault } from './network-fault.ts';

/** The most telling fault first: a stranger that answers says more than a closed port beside it. */
const TELLING = ['BAD_REPLY', 'MAIN_TIMEOUT', 'MAIN_UNREACHABLE'] as const;

/**
 * GET /health at one candidate after the other; `timeoutMs` is for all of them together, so that a hanging address
 * costs the same however it was typed.
 *
 * @throws Fault MAIN_UNRESOLVABLE, MAIN_UNREACHABLE, MAIN_TIMEOUT or BAD_REPLY.
 */
export async function findServer(
  http: PeerHttp,
  candidates: readonly string[],
  timeoutMs: number,
): Promise<Awaited<ReturnType<PeerPort['findServer']>>> {
  const deadline = performance.now() + timeoutMs;
  const faults: Fault[] = [];
  for (const [index, apiUrl] of candidates.entries()) {
    const share = (deadline - performance.now()) / (candidates.length - index);
    try {
      const found = await askHealth(http, apiUrl, Math.max(100, Math.ceil(share)));
      return { ...found, roundTripMs: await warmRoundTrip(http, found) };
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      // The other candidates name the same host.
      if (error.code === 'MAIN_UNRESOLVABLE') throw error;
      faults.push(error);
    }
  }
  throw chooseFault(faults, timeoutMs);
}

/** The first answer took the name, the connection and TLS as well: the link is told by a second one. */
async function warmRoundTrip(http: PeerHttp, found: { apiUrl: string; roundTripMs: number }): Promise<number> {
  try {
    const timeoutMs = Math.max(100, Math.ceil(found.roundTripMs * 2));
    const again = await askHealth(http, found.apiUrl, timeoutMs);
    return Math.min(found.roundTripMs, again.roundTripMs);
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    // It has answered once, which is what was asked; that figure stands.
    return found.roundTripMs;
  }
}

async function askHealth(http: PeerHttp, apiUrl: string, timeoutMs: number) {
  const { path } = endpoints.health;
  const reply = await http.request({ apiUrl, path, method: 'GET', timeoutMs });
  const health = healthReplySchema.safeParse(jsonOf(reply));
  if (reply.status !== 200 || !health.success) {
    const location = reply.status >= 300 && reply.status < 400 ? reply.header('location') : undefined;
    const target = location && URL.canParse(location, apiUrl) ? new URL(location, apiUrl).origin : null;
    if (target !== null && target !== new URL(apiUrl).origin) {
      throw new Fault('BAD_REPLY', `${apiUrl} redirects to ${target}: give that address instead.`);
    }
    throw strangerFault(dialledOf(apiUrl, timeoutMs), 'a ProxPanel server');
  }
  return { apiUrl, roundTripMs: reply.roundTripMs, version: health.data.version, role: health.data.role };
}

function chooseFault(faults: readonly Fault[], timeoutMs: number): Fault {
  const [only] = faults;
  if (!only) return new Fault('INVALID_REQUEST', 'There is no address to try.');
  if (faults.length === 1) return only;
  const code = TELLING.find((candidate) => faults.some((fault) => fault.code === candidate)) ?? only.code;
  const told = faults.map((fault) => fault.message).join(' ');
  const seconds = String(Math.round(timeoutMs / 100) / 10);
  return new Fault(code, `No ProxPanel server was found within ${seconds} s. ${told}`, { cause: faults });
}

function jsonOf(reply: HttpReply): unknown {
  try {
    return JSON.parse(Buffer.from(reply.body).toString('utf8'));
  } catch {
    // Not JSON is judged as any other wrong shape.
    return null;
  }
}
