/** By which of its own addresses this server reaches another one. */
import { createSocket } from 'node:dgram';
import { lookup } from 'node:dns';

const TIMEOUT_MS = 5_000;

/**
 * By the routing table: connecting a UDP socket chooses the local address without sending anything, so that it is
 * known before the other side's port is open. null when the name does not resolve (within 5 s) or no route leads there.
 */
export async function localAddressTowards(host: string, port: number): Promise<string | null> {
  const { promise, resolve } = Promise.withResolvers<string | null>();
  const deadline = setTimeout(resolve, TIMEOUT_MS, null);
  lookup(host.replace(/^\[|\]$/g, ''), (error, address, family) => {
    if (error) {
      resolve(null);
      return;
    }
    const socket = createSocket(family === 6 ? 'udp6' : 'udp4');
    socket.once('error', () => {
      socket.close();
      resolve(null);
    });
    socket.connect(port, address, () => {
      resolve(socket.address().address);
      socket.close();
    });
  });
  try {
    return await promise;
  } finally {
    clearTimeout(deadline);
  }
}
