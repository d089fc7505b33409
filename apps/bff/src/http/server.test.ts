import { execFile } from 'node:child_process';
import { request, type RequestListener } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { Fault } from '../fault.ts';
import { startHttpServer } from './server.ts';

const HOST = '127.0.0.1';
const sayHello: RequestListener = (_request, response) => {
  response.end('hello');
};

async function faultOf(promise: Promise<unknown>): Promise<Fault> {
  const error: unknown = await promise.then(
    () => new Error('it started'),
    (reason: unknown) => reason,
  );
  if (error instanceof Fault) return error;
  throw error;
}

test('a port in use is one clear line', async () => {
  const first = await startHttpServer(sayHello, { host: HOST, port: 0, tls: null });
  onTestFinished(() => first.stop(0));
  const { message, code } = await faultOf(
    startHttpServer(sayHello, { host: HOST, port: first.address.port, tls: null }),
  );
  expect(code).toBe('HOST_FAULT');
  expect(message).toBe(`PORT: ${HOST}:${String(first.address.port)} is already in use by another program.`);
});

test('an address of another machine is one clear line that names HOST', async () => {
  const { message } = await faultOf(startHttpServer(sayHello, { host: '192.0.2.1', port: 0, tls: null }));
  expect(message).toBe('HOST: 192.0.2.1 is not an address of this server.');
});

test('stopping lets a running reply end, refuses new callers, and ends idle connections', async () => {
  const arrived = Promise.withResolvers<void>();
  const release = Promise.withResolvers<void>();
  const server = await startHttpServer(
    (_request, response) => {
      arrived.resolve();
      void release.promise.then(() => response.end('whole'));
    },
    { host: HOST, port: 0, tls: null },
  );
  const { port } = server.address;
  const idle = connect(port, HOST);
  const idleClosed = new Promise((resolve) => idle.once('close', resolve));
  const running = fetch(`http://${HOST}:${String(port)}/`).then((response) => response.text());
  await arrived.promise;
  const stopped = server.stop(30_000);
  await idleClosed;
  await expect(fetch(`http://${HOST}:${String(port)}/`)).rejects.toThrow();
  release.resolve();
  expect(await running).toBe('whole');
  await stopped;
  await server.stop(0);
});

test('stopping cuts what does not end by the deadline', async () => {
  const arrived = Promise.withResolvers<void>();
  const server = await startHttpServer(() => arrived.resolve(), { host: HOST, port: 0, tls: null });
  const cut = new Promise((resolve) => {
    request({ host: HOST, port: server.address.port }).once('error', resolve).end();
  });
  await arrived.promise;
  await server.stop(50);
  expect(await cut).toBeInstanceOf(Error);
});

test('with a certificate it speaks TLS; a file that cannot be read is one clear line', async () => {
  const directory = await mkdtemp(path.join(tmpdir(), 'tls-'));
  onTestFinished(() => rm(directory, { recursive: true }));
  const tls = { certPath: path.join(directory, 'cert.pem'), keyPath: path.join(directory, 'key.pem') };
  const missing = await faultOf(startHttpServer(sayHello, { host: HOST, port: 0, tls }));
  expect(missing.message).toBe(`TLS_CERT_PATH: the file ${tls.certPath} cannot be read.`);

  const options = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=localhost'];
  await promisify(execFile)('openssl', [...options, '-keyout', tls.keyPath, '-out', tls.certPath], { timeout: 30_000 });
  const server = await startHttpServer(sayHello, { host: HOST, port: 0, tls });
  onTestFinished(() => server.stop(0));
  const status = await new Promise((resolve, reject) => {
    httpsRequest({ host: HOST, port: server.address.port, rejectUnauthorized: false }, (response) => {
      response.resume();
      resolve(response.statusCode);
    })
      .once('error', reject)
      .end();
  });
  expect(status).toBe(200);

  const swapped = { certPath: tls.keyPath, keyPath: tls.certPath };
  const wrong = await faultOf(startHttpServer(sayHello, { host: HOST, port: 0, tls: swapped }));
  expect(wrong.message).toContain('do not hold a certificate and its key');
});
