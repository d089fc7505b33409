/** Plain knocks on another server's PostgreSQL and Redis: does the right thing answer there? (DESIGN §6.3) */
import { connect } from 'node:net';
import type { PortProbePort } from '../cluster/peer-ports.ts';
import { Fault } from '../fault.ts';
import { networkFault, strangerFault, timeoutFault, type DialledAddress } from './network-fault.ts';

const SSL_REQUEST = Buffer.from([0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f]);
const PING = Buffer.from('*1\r\n$4\r\nPING\r\n');

/** `timeoutMs` is for name, connection and answer together. */
export function createPortProbes(options: { readonly timeoutMs?: number } = {}): PortProbePort {
  const timeoutMs = options.timeoutMs ?? 5_000;
  return {
    postgresAnswers: (host, port) => knockPostgres(dial(host, port, timeoutMs), port),
    redisAnswers: (host, port) => knockRedis(dial(host, port, timeoutMs), port),
  };
}

function dial(host: string, port: number, timeoutMs: number): DialledAddress {
  const bare = host.replace(/^\[|\]$/g, '');
  return { host: bare, address: bare.includes(':') ? `[${bare}]:${port}` : `${bare}:${port}`, timeoutMs };
}

async function knockPostgres(dialled: DialledAddress, port: number) {
  const { answer, roundTripMs } = await knock(dialled, port, SSL_REQUEST, (received) => received.length >= 1);
  const letter = answer.toString('latin1', 0, 1);
  // One byte and no more: a server of another kind may begin its greeting with an S as well.
  if (answer.length !== 1 || (letter !== 'S' && letter !== 'N')) throw strangerFault(dialled, 'PostgreSQL');
  return { roundTripMs, tls: letter === 'S' };
}

async function knockRedis(dialled: DialledAddress, port: number) {
  const { answer, roundTripMs } = await knock(dialled, port, PING, (received) => received.includes('\n'));
  const line = answer.toString('latin1').split('\r\n', 1)[0] ?? '';
  if (line.startsWith('-DENIED')) {
    throw new Fault('MAIN_REFUSED', `Redis at ${dialled.address} runs in protected mode and lets no other server in.`);
  }
  // Every error of Redis begins with a word in capitals: it lives, whatever it refuses (NOAUTH, LOADING).
  if (line !== '+PONG' && !/^-[A-Z]+( |$)/.test(line)) throw strangerFault(dialled, 'Redis');
  return { roundTripMs };
}

/** Connects, sends, and collects until `enough`. The round trip is from sending to the answer. */
function knock(
  dialled: DialledAddress,
  port: number,
  message: Buffer,
  enough: (received: Buffer) => boolean,
): Promise<{ answer: Buffer; roundTripMs: number }> {
  const { promise, resolve, reject } = Promise.withResolvers<{ answer: Buffer; roundTripMs: number }>();
  const socket = connect({ host: dialled.host, port });
  const deadline = setTimeout(() => socket.destroy(timeoutFault(dialled)), dialled.timeoutMs);
  let received = Buffer.alloc(0);
  let sentAt = 0;
  socket.once('connect', () => {
    sentAt = performance.now();
    socket.write(message);
  });
  socket.on('data', (chunk: Buffer) => {
    received = Buffer.concat([received, chunk]);
    // A stranger may talk without end and without a line; 4 kB is more than any first line of Redis.
    if (!enough(received) && received.length < 4_096) return;
    resolve({ answer: received, roundTripMs: performance.now() - sentAt });
    socket.destroy();
  });
  socket.once('error', (error) => {
    reject(networkFault(error, dialled));
  });
  socket.once('close', () => {
    clearTimeout(deadline);
    // After an answer or an error this does nothing: the promise is settled.
    reject(new Fault('MAIN_UNREACHABLE', `${dialled.address} closed the connection without an answer.`));
  });
  return promise;
}
