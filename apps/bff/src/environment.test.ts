import { defaultClusterSettings } from '@proxpanel/contracts/settings';
import { expect, test } from 'vitest';
import { EnvironmentFault, readEnvironment } from './environment.ts';

const least = {
  DATABASE_URL: 'postgres://postgres:pg-Passw0rd@127.0.0.1:5433/proxpanel',
  REDIS_URL: 'redis://:redis-Passw0rd@127.0.0.1:6380/0',
};

function faultOf(env: Record<string, string>): EnvironmentFault {
  try {
    readEnvironment({ ...least, ...env });
  } catch (error) {
    if (error instanceof EnvironmentFault) return error;
    throw error;
  }
  throw new Error(`accepted: ${JSON.stringify(env)}`);
}

test('two URLs are enough; everything else has the default of the design', () => {
  const environment = readEnvironment({ ...least, NODE_ADDRESS: '10.0.0.5' });
  expect(environment).toMatchObject({
    host: '0.0.0.0',
    port: 80,
    panelDatabaseUrl: null,
    stateDir: '/var/lib/proxpanel',
    nodeApiUrl: 'http://10.0.0.5',
    nodePostgresPort: 5433,
    nodeRedisPort: 6380,
    adminPassword: null,
    uploadsDir: '/opt/proxpanel/frontend/dist/uploads',
    scriptDir: '/tmp',
    postgresControl: null,
    runScripts: false,
    tls: null,
    arbiter: null,
    leaseTtlMs: 10_000,
    panelVersion: '1.0.0',
    initialSettings: defaultClusterSettings,
    logLevel: 'info',
  });
  expect(environment.webDist).toMatch(/\/apps\/web\/dist$/);
});

test('without NODE_ADDRESS an address that others can dial is found, and never a loopback name', () => {
  const { nodeAddress, nodeApiUrl } = readEnvironment({ ...least, PORT: '8080' });
  expect(nodeAddress).toMatch(/^[0-9a-f.:]+$/i);
  expect(nodeApiUrl).toBe(`http://${nodeAddress.includes(':') ? `[${nodeAddress}]` : nodeAddress}:8080`);
});

test('the URL of this node follows TLS, port and IPv6', () => {
  const tls = { TLS_CERT_PATH: '/c.pem', TLS_KEY_PATH: '/k.pem' };
  const urlOf = (env: Record<string, string>) => readEnvironment({ ...least, ...env }).nodeApiUrl;
  expect(urlOf({ NODE_ADDRESS: 'dc1', PORT: '443', ...tls })).toBe('https://dc1');
  expect(urlOf({ NODE_ADDRESS: 'dc1', PORT: '8443', ...tls })).toBe('https://dc1:8443');
  expect(urlOf({ NODE_ADDRESS: '[fd00::2]', PORT: '8080' })).toBe('http://[fd00::2]:8080');
  expect(urlOf({ NODE_API_URL: 'https://panel.example/' })).toBe('https://panel.example');
});

test('ports come from the URLs, also in the form with a socket directory', () => {
  const environment = readEnvironment({
    DATABASE_URL: 'postgresql:///proxpanel?host=/run/postgresql&port=5444',
    REDIS_URL: 'redis://localhost',
  });
  expect([environment.nodePostgresPort, environment.nodeRedisPort]).toEqual([5444, 6379]);
  const named = readEnvironment({ ...least, NODE_POSTGRES_PORT: '6000', NODE_REDIS_PORT: '6001' });
  expect([named.nodePostgresPort, named.nodeRedisPort]).toEqual([6000, 6001]);
});

test('the first settings of a cluster are named like the settings, in capitals', () => {
  const { initialSettings } = readEnvironment({
    ...least,
    HEARTBEAT_INTERVAL_MS: '1000',
    AUTO_FAILOVER: 'off',
    DURABILITY: 'sync',
    MAX_FAILOVER_LAG_BYTES: '1048576',
    SELF_PROMOTE_AFTER_MS: 'none',
  });
  expect(initialSettings).toEqual({
    ...defaultClusterSettings,
    heartbeat_interval_ms: 1000,
    auto_failover: false,
    durability: 'sync',
    max_failover_lag_bytes: 1_048_576,
    self_promote_after_ms: null,
  });
});

test('an arbiter, control and TLS are taken as given; an empty variable counts as absent', () => {
  const environment = readEnvironment({
    ...least,
    ARBITER_URL: 'http://a:2379, http://b:2379/',
    ARBITER_USERNAME: 'root',
    ARBITER_PASSWORD: ' spaces matter ',
    POSTGRES_CONTROL: ' docker:proxpanel-db ',
    RUN_SCRIPTS: 'true',
    LEASE_TTL_MS: '3000',
    PORT: '',
    ADMIN_PASSWORD: '',
  });
  expect(environment).toMatchObject({
    arbiter: { urls: ['http://a:2379', 'http://b:2379'], username: 'root', password: ' spaces matter ', caPath: null },
    postgresControl: 'docker:proxpanel-db',
    runScripts: true,
    leaseTtlMs: 3000,
    port: 80,
    adminPassword: null,
  });
});

test('a bad value stops the start with one line that names the variable and never its value', () => {
  const bad: Record<string, string>[] = [
    { PORT: '70000' },
    { PORT: '80a' },
    { PORT: '0' },
    { HOST: 'http://bad-Secret' },
    { DATABASE_URL: 'mysql://root:bad-Secret@h/d' },
    { DATABASE_URL: 'postgres://u:bad-Secret@h:99999/d' },
    { PANEL_DATABASE_URL: 'bad-Secret' },
    { REDIS_URL: 'http://:bad-Secret@h' },
    { NODE_ADDRESS: 'two words bad-Secret' },
    { NODE_ADDRESS: 'host:80' },
    { NODE_API_URL: 'ftp://bad-Secret' },
    { NODE_API_URL: 'http://u:bad-Secret@h' },
    { NODE_POSTGRES_PORT: '-1' },
    { RUN_SCRIPTS: 'perhaps' },
    { ARBITER_URL: 'http://a:2379,bad-Secret' },
    { ARBITER_USERNAME: 'root' },
    { ARBITER_PASSWORD: 'bad-Secret' },
    { LEASE_TTL_MS: '2000' },
    { LEASE_TTL_MS: '3500' },
    { TLS_CERT_PATH: '/c.pem' },
    { TLS_KEY_PATH: '/k.pem' },
    { LOG_LEVEL: 'loud' },
    { HEARTBEAT_INTERVAL_MS: '50' },
    { DURABILITY: 'bad-Secret' },
    { MAX_FAILOVER_LAG_BYTES: 'many' },
    { DATABASE_URL: '' },
  ];
  for (const env of bad) {
    const [variable, value] = Object.entries(env)[0] as [string, string];
    const { message } = faultOf(env);
    expect(message, message).not.toContain('\n');
    expect(message).not.toContain('bad-Secret');
    if (value.length > 4) expect(message).not.toContain(value);
    const named = {
      ARBITER_PASSWORD: 'ARBITER_USERNAME',
      TLS_CERT_PATH: 'TLS_KEY_PATH',
      TLS_KEY_PATH: 'TLS_CERT_PATH',
    };
    expect(message.startsWith(named[variable as keyof typeof named] ?? variable), message).toBe(true);
  }
});
