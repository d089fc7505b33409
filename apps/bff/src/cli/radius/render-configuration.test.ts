import { expect, test } from 'vitest';
import { radiusLogin } from '../../radius-login.ts';
import { renderConfiguration } from './render-configuration.ts';
import { renderAccountingQueries } from './render-queries.ts';
import type { RadiusSettings } from './radius-settings.ts';

const encryptionKey = '0f'.repeat(32);
const settings: RadiusSettings = {
  directory: '/etc/freeradius/proxpanel',
  spoolDirectory: '/var/spool/proxpanel-radius',
  authenticationPort: 1812,
  accountingPort: 1813,
  hasIpv6: true,
  account: 'freerad',
  login: radiusLogin(encryptionKey),
  databaseName: 'proxpanel',
  local: { host: '127.0.0.1', port: 5432 },
  members: [
    { host: '127.0.0.1', port: 5432 },
    { host: '2001:db8::2', port: 5433 },
    { host: 'dc3.example.net', port: 5432 },
  ],
  encryptionKey,
};

function fileOf(changes: Partial<RadiusSettings>, name: string): string {
  const file = renderConfiguration({ ...settings, ...changes }).find((each) => each.name === name);
  if (file === undefined) throw new Error(`there is no ${name}`);
  return file.text;
}

/** As libpq reads it: everything after the first "=". */
function serviceOf(text: string, name: string): Record<string, string> {
  const [, section = ''] = text.split(`\n[${name}]\n`);
  const lines = section.split(/\n(?=\[)/)[0]?.split('\n') ?? [];
  return Object.fromEntries(
    lines.flatMap((line) => {
      const at = line.indexOf('=');
      return at < 1 ? [] : [[line.slice(0, at), line.slice(at + 1)]];
    }),
  );
}

test('accounting looks for the main among all members, authentication asks this server alone', () => {
  const text = fileOf({}, 'pg_service.conf');
  expect(serviceOf(text, 'proxpanel-main')).toMatchObject({
    host: '127.0.0.1,2001:db8::2,dc3.example.net',
    port: '5432,5433,5432',
    target_session_attrs: 'read-write',
  });
  const local = serviceOf(text, 'proxpanel-local');
  expect(local).toMatchObject({ host: '127.0.0.1', port: '5432', user: 'proxpanel_radius' });
  expect(local['target_session_attrs']).toBeUndefined();
});

test('the key that opens passwords never leaves for another server', () => {
  const text = fileOf({}, 'pg_service.conf');
  expect(serviceOf(text, 'proxpanel-local')['options']).toContain(encryptionKey);
  expect(Object.values(serviceOf(text, 'proxpanel-main')).join('\n')).not.toContain(encryptionKey);
});

test('a database name reaches libpq as it is, whatever stands in it', () => {
  for (const databaseName of [`pro'x "panel" \\ = #`, 'панель', '[proxpanel-main]', 'a=b', '%{User-Name} $ENV{HOME}']) {
    const text = fileOf({ databaseName }, 'pg_service.conf');
    expect(serviceOf(text, 'proxpanel-local')['dbname']).toBe(databaseName);
    expect(serviceOf(text, 'proxpanel-main')['dbname']).toBe(databaseName);
  }
});

test('what the format cannot hold is refused, and no line of ours is made from it', () => {
  for (const databaseName of ['x\nhost=192.0.2.66', 'x\r', ' x', 'x ', 'x'.repeat(2_000)]) {
    expect(() => fileOf({ databaseName }, 'pg_service.conf'), JSON.stringify(databaseName)).toThrow(/cannot be given/);
  }
  for (const directory of ['/etc/a b', '/etc/$x', '/etc/%Y', '/etc/"', 'relative', '/', '/etc/a\n}']) {
    expect(() => renderConfiguration({ ...settings, directory }), directory).toThrow(/no directory/);
    expect(() => renderConfiguration({ ...settings, spoolDirectory: directory }), directory).toThrow(/no directory/);
  }
});

test('secrets are in one file, which FreeRADIUS never prints', () => {
  for (const { name, text } of renderConfiguration(settings)) {
    if (name === 'pg_service.conf') continue;
    expect(text, name).not.toContain(settings.login.password);
    expect(text, name).not.toContain(encryptionKey);
  }
});

test('without IPv6 no socket of that kind is opened, and without the account none is asked for', () => {
  const servers = fileOf({ hasIpv6: false, authenticationPort: 2812, accountingPort: 2900 }, 'servers.conf');
  expect(servers).not.toContain('ipv6addr = ::');
  expect([...servers.matchAll(/port = (\d+)/g)].map(([, port]) => port)).toEqual(['2812', '2900']);
  expect(fileOf({ account: null }, 'radiusd.conf')).not.toMatch(/user =|group =/);
});

test('the three kinds of record of one session are laid over each other by the same rule', () => {
  const rules = [...renderAccountingQueries().matchAll(/DO UPDATE SET (.*)"/g)].map(([, rule]) => rule);
  expect(rules).toHaveLength(3);
  expect(new Set(rules).size).toBe(1);
  expect(rules[0]).toContain('acctoutputoctets = greatest(radacct.acctoutputoctets, excluded.acctoutputoctets)');
  expect(rules[0]).toContain('acctstoptime = coalesce(radacct.acctstoptime, excluded.acctstoptime)');
});

test('every server with the same key has the same login, and the login does not give the key away', () => {
  expect(radiusLogin(encryptionKey)).toEqual(radiusLogin(encryptionKey));
  expect(radiusLogin(encryptionKey).password).toMatch(/^[0-9a-f]{64}$/);
  expect(radiusLogin(encryptionKey).password).not.toBe(radiusLogin('0e'.repeat(32)).password);
});
