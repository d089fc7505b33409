import { expect, test } from 'vitest';
import type { StandbySource } from '../cluster/postgres-ports.ts';
import { pgpassLine } from '../pgpass.ts';
import { conninfoOf, leadsTo } from './standby-source.ts';

const source: StandbySource = {
  host: `we'ird\\host`,
  port: 5433,
  nodeId: 2,
  slotName: 'replica_2',
  login: { user: 'replicator', password: 'a:b\\c' },
};
const plain = { ...source, host: '10.0.0.1' };

test('conninfo quotes what libpq takes for its own, and pgpass what separates its fields', () => {
  expect(conninfoOf(source)).toBe(
    `host='we\\'ird\\\\host' port='5433' user='replicator' passfile='proxpanel.pgpass' application_name='node_2' connect_timeout='5'`,
  );
  expect(pgpassLine(source)).toBe(`we'ird\\\\host:5433:*:replicator:a\\:b\\\\c\n`);
  expect(pgpassLine({ ...source, host: '::1' })).toBe('\\:\\:1:5433:*:replicator:a\\:b\\\\c\n');
});

test('what leads to the same main counts as set, in any of its spellings; what differs in one word does not', () => {
  const written = `host=10.0.0.1 port=5433 user=replicator application_name=node_2 passfile='/data dir/proxpanel.pgpass'`;
  expect(leadsTo(conninfoOf(source), source, '/data')).toBe(true);
  expect(leadsTo(written, plain, '/data dir')).toBe(true);
  expect(leadsTo(written, plain, '/elsewhere')).toBe(false);
  for (const [from, to] of [
    ['10.0.0.1', '10.0.0.10'],
    ['5433', '5432'],
    ['replicator', 'other'],
    ['node_2', 'node_3'],
    ['host=', 'hostaddr='],
  ] as const) {
    expect(leadsTo(written.replace(from, to), plain, '/data dir'), to).toBe(false);
  }
  expect(leadsTo(`${written} password=x`, plain, '/data dir')).toBe(false);
  expect(leadsTo('', plain, '/data')).toBe(false);
});
