/** A way to main's API that a test can watch, hold up in the middle of a picture, and spoil. */
import { once } from 'node:events';
import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';

export interface UploadGate extends AsyncDisposable {
  readonly url: string;
  /** Where it leads; set once the server is there. */
  target: string;
  /** Which piece each call for a picture began with, in their order. */
  readonly offsets: number[];
  /** Calls for pieces from here on are not answered. */
  holdFromBytes: number;
  /** One of them is waiting. */
  isHolding: boolean;
  /** Pieces come with one byte changed. */
  spoils: boolean;
}

export async function startUploadGate(): Promise<UploadGate> {
  const server = createServer((incoming, response) => {
    pass(gate, incoming, response).catch((error: unknown) => response.destroy(error as Error));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const gate: UploadGate = {
    url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`,
    target: '',
    offsets: [],
    holdFromBytes: Infinity,
    isHolding: false,
    spoils: false,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  return gate;
}

async function pass(gate: UploadGate, incoming: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(incoming.url ?? '/', gate.target);
  const isPiece = url.pathname.startsWith('/api/cluster/uploads/');
  const body = await buffer(incoming);
  if (isPiece) {
    const offset = Number(url.searchParams.get('offset'));
    gate.offsets.push(offset);
    if (offset >= gate.holdFromBytes) {
      gate.isHolding = true;
      return;
    }
  }
  const call = request(url, { method: incoming.method ?? 'GET', headers: incoming.headers });
  call.end(body);
  const [answer] = (await once(call, 'response')) as [IncomingMessage];
  const bytes = await buffer(answer);
  if (isPiece && gate.spoils) bytes[bytes.length - 10] = (bytes[bytes.length - 10] ?? 0) ^ 1;
  response.writeHead(answer.statusCode ?? 502, answer.headers);
  response.end(bytes);
}
