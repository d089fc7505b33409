/** Why another server could not be reached, as one sentence with a closed code. */
import { Fault, messageOf } from '../fault.ts';

const UNRESOLVABLE = new Set(['ENOTFOUND', 'EAI_AGAIN', 'EAI_NONAME', 'EAI_NODATA', 'EAI_FAIL']);
const TIMED_OUT = new Set([
  'ETIMEDOUT',
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_BODY_TIMEOUT',
  'ABORT_ERR',
]);

export interface DialledAddress {
  /** As the admin knows it: host:port or URL. */
  readonly address: string;
  readonly host: string;
  readonly timeoutMs: number;
}

/** Maps whatever a socket or undici threw: MAIN_UNRESOLVABLE, MAIN_TIMEOUT, MAIN_UNREACHABLE or BAD_REPLY. */
export function networkFault(error: unknown, dialled: DialledAddress): Fault {
  if (error instanceof Fault) return error;
  const codes = codesOf(error);
  const has = (code: string) => codes.includes(code);
  const details = { cause: error };
  if (codes.some((code) => UNRESOLVABLE.has(code))) {
    return new Fault(
      'MAIN_UNRESOLVABLE',
      `The address "${dialled.host}" cannot be resolved: check the spelling, or give the IP address.`,
      details,
    );
  }
  if (has('ECONNREFUSED')) {
    return new Fault(
      'MAIN_UNREACHABLE',
      `${dialled.address} refuses the connection: nothing listens there, or a firewall rejects it.`,
      details,
    );
  }
  if (codes.some((code) => TIMED_OUT.has(code)) || isTimeout(error)) return timeoutFault(dialled, error);
  if (has('EHOSTUNREACH') || has('ENETUNREACH')) {
    return new Fault('MAIN_UNREACHABLE', `There is no route to ${dialled.address}.`, details);
  }
  if (has('ECONNRESET') || has('EPIPE') || has('UND_ERR_SOCKET')) {
    return new Fault('MAIN_UNREACHABLE', `${dialled.address} closed the connection without an answer.`, details);
  }
  if (error instanceof Error && error.name === 'HTTPParserError')
    return strangerFault(dialled, 'an HTTP server', error);
  if (codes.some((code) => code.startsWith('ERR_SSL_'))) {
    return new Fault('MAIN_UNREACHABLE', `${dialled.address} does not speak TLS: try http:// instead.`, details);
  }
  if (codes.some((code) => code.includes('CERT') || code === 'UNABLE_TO_VERIFY_LEAF_SIGNATURE')) {
    return new Fault(
      'MAIN_UNREACHABLE',
      `The certificate of ${dialled.address} is not trusted here (${messageOf(error)}); name its authority in NODE_EXTRA_CA_CERTS.`,
      details,
    );
  }
  return new Fault('MAIN_UNREACHABLE', `${dialled.address} cannot be reached: ${messageOf(error)}.`, details);
}

/** Connected, perhaps, but silent. */
export function timeoutFault(dialled: DialledAddress, cause?: unknown): Fault {
  return new Fault(
    'MAIN_TIMEOUT',
    `${dialled.address} did not answer within ${secondsText(dialled.timeoutMs)}: it hangs, or a firewall drops the packets.`,
    { cause },
  );
}

/** Something answers there, but not what was asked for. */
export function strangerFault(dialled: DialledAddress, expected: string, cause?: unknown): Fault {
  return new Fault('BAD_REPLY', `${dialled.address} answers, but not as ${expected} does.`, { cause });
}

function secondsText(milliseconds: number): string {
  return `${String(Math.round(milliseconds / 100) / 10)} s`;
}

function isTimeout(error: unknown): boolean {
  return error instanceof Error && (error.name === 'TimeoutError' || error.name === 'AbortError');
}

/** Codes of the error, of its causes, and of each address that was tried. */
function codesOf(error: unknown): string[] {
  if (!(error instanceof Error)) return [];
  const own = 'code' in error && typeof error.code === 'string' ? [error.code] : [];
  const inner = error instanceof AggregateError ? error.errors.flatMap(codesOf) : [];
  return [...own, ...inner, ...codesOf(error.cause)];
}
