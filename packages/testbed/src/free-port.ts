import { createServer, type Server } from 'node:net';
import { randomInt } from 'node:crypto';
import { isSystemError, TestbedError } from './errors.ts';

/** Below Linux' ephemeral range (32768 and up), so that no outgoing connection takes a reserved port in between. */
const FIRST_PORT = 20_000;
const LAST_PORT = 32_000;

export interface Reservation<Value> {
  value: Value;
  /** Gives it back; others may then take it. Repeating it does nothing. */
  release(): Promise<void>;
}

/**
 * Reserves a TCP port on this machine for as long as this process lives or until `release`. It is not bound meanwhile,
 * so that a server can be stopped and started on it as often as a test wants.
 *
 * @param preferred taken when free, else any free one is.
 * @throws TestbedError `NO_FREE_PORT`.
 */
export async function reservePort(preferred?: number): Promise<Reservation<number>> {
  const start = randomInt(FIRST_PORT, LAST_PORT);
  const span = LAST_PORT - FIRST_PORT;
  for (let step = -1; step < span; step += 1) {
    const port = step === -1 ? preferred : FIRST_PORT + ((start - FIRST_PORT + step) % span);
    if (port === undefined) continue;
    const held = await reserveName(`port-${port}`);
    if (!held) continue;
    if (await canBind(port)) return { value: port, release: held.release };
    await held.release();
  }
  throw new TestbedError('NO_FREE_PORT', `no free port between ${FIRST_PORT} and ${LAST_PORT}`);
}

/**
 * Holds a name among all processes of this network namespace, or returns undefined when another holds it. A socket in
 * the abstract name space does it: taking it is atomic, and the kernel gives it back when the holder dies, so that no
 * lock file can go stale.
 */
export async function reserveName(name: string): Promise<Reservation<string> | undefined> {
  const server = createServer();
  try {
    await listen(server, { path: `\0proxpanel-testbed/${name}` });
  } catch (error) {
    if (isSystemError(error, 'EADDRINUSE')) return undefined;
    throw error;
  }
  server.unref();
  let released: Promise<void> | undefined;
  return { value: name, release: () => (released ??= close(server)) };
}

/** Whether anybody listens on that port on any address of this machine. */
async function canBind(port: number): Promise<boolean> {
  const server = createServer();
  try {
    await listen(server, { port, host: '0.0.0.0', exclusive: true });
  } catch (error) {
    if (isSystemError(error, 'EADDRINUSE', 'EACCES')) return false;
    throw error;
  }
  await close(server);
  return true;
}

function listen(
  server: Server,
  where: { path: string } | { port: number; host: string; exclusive: true },
): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject);
  server.listen(where, resolve);
  return promise;
}

function close(server: Server): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.close((error) => (error && !isSystemError(error, 'ERR_SERVER_NOT_RUNNING') ? reject(error) : resolve()));
  return promise;
}
