import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { runChecked } from './command.ts';
import type { EtcdClient } from './etcd-server-client.ts';

export interface EtcdTls {
  caPath: string;
  certPath: string;
  keyPath: string;
}

/** A certificate authority of its own and, signed by it, a certificate for these IP addresses. */
export async function makeEtcdCertificates(directory: string, addresses: readonly string[]): Promise<EtcdTls> {
  const tls = {
    caPath: join(directory, 'ca.pem'),
    certPath: join(directory, 'server.pem'),
    keyPath: join(directory, 'server.key'),
  };
  const caKeyPath = join(directory, 'ca.key');
  const common = 'openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30'.split(' ');
  await runChecked([...common, '-subj', '/CN=testbed CA', '-keyout', caKeyPath, '-out', tls.caPath]);
  const names = addresses.map((address) => `IP:${address}`).join(',');
  await runChecked([
    ...common,
    ...['-CA', tls.caPath, '-CAkey', caKeyPath, '-subj', '/CN=etcd', '-addext', `subjectAltName=${names}`],
    ...['-addext', 'basicConstraints=critical,CA:FALSE', '-keyout', tls.keyPath, '-out', tls.certPath],
  ]);
  return tls;
}

export interface EtcdAccount {
  username: string;
  password: string;
}

/** Turns etcd's authentication on, with an account that may read and write `/proxpanel/` and nothing else. */
export async function enableEtcdAuthentication(client: EtcdClient, account: EtcdAccount): Promise<void> {
  const prefix = '/proxpanel/';
  const afterPrefix = '/proxpanel0';
  const steps: [path: string, body: object][] = [
    ['user/add', { name: 'root', password: randomBytes(12).toString('hex') }],
    ['user/grant', { user: 'root', role: 'root' }],
    ['role/add', { name: 'panel' }],
    [
      'role/grant',
      { name: 'panel', perm: { permType: 'READWRITE', key: base64(prefix), range_end: base64(afterPrefix) } },
    ],
    ['user/add', { name: account.username, password: account.password }],
    ['user/grant', { user: account.username, role: 'panel' }],
    ['enable', {}],
  ];
  for (const [path, body] of steps) await client.call(`/v3/auth/${path}`, body);
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}
