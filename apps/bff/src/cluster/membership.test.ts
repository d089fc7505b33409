import { expect, test } from 'vitest';
import type { Peer } from '@proxpanel/contracts/peer';
import { defaultClusterSettings } from '@proxpanel/contracts/settings';
import { configuredRole, hbaLinesFor, withMain, withPeer } from './membership.ts';
import { untouchedByChanges, type Membership } from './node-file.ts';
import { apiUrlAt, type OwnServer } from './own-server.ts';

function peer(nodeId: number, role: 'main' | 'secondary', changes: Partial<Peer> = {}): Peer {
  return {
    node_id: nodeId,
    server_id: `00000000-0000-4000-8000-00000000000${String(nodeId)}`,
    display_name: `node ${String(nodeId)}`,
    role,
    status: 'online',
    address: `192.0.2.${String(nodeId)}`,
    api_url: `http://192.0.2.${String(nodeId)}`,
    postgres_port: 5432,
    redis_port: 6379,
    ...changes,
  };
}

function membership(changes: Partial<Membership> = {}): Membership {
  return {
    cluster_id: '00000000-0000-4000-8000-0000000000ff',
    node_id: 1,
    display_name: 'node 1',
    role: 'main',
    is_active: true,
    secret: '0'.repeat(64),
    previous_secret: null,
    term: 3,
    main_node_id: 1,
    peers: [peer(1, 'main'), peer(2, 'secondary')],
    removed_nodes: [],
    slot_name: null,
    settings: defaultClusterSettings,
    replication: { user: 'replicator', password: 'x' },
    redis_replication: { user: 'proxpanel_replica', password: 'y' },
    promotions: [],
    ...untouchedByChanges,
    ...changes,
  };
}

test('a server of a disbanded cluster is standalone, whatever it was', () => {
  expect(configuredRole(null)).toBe('standalone');
  expect(configuredRole(membership())).toBe('main');
  expect(configuredRole(membership({ main_node_id: 2 }))).toBe('secondary');
  expect(configuredRole(membership({ is_active: false }))).toBe('standalone');
});

test('another main changes the role of every member at once, and the term never falls', () => {
  const next = withMain(membership(), 2, 2);
  expect(next).toMatchObject({ role: 'secondary', main_node_id: 2, term: 3 });
  expect(next.peers.map((member) => member.role)).toEqual(['secondary', 'main']);
  expect(withMain(membership(), 2, 9).term).toBe(9);
});

test('pg_hba lets in every other member by its own address and the one that was seen, and nobody else', () => {
  const peers = [
    peer(1, 'main'),
    peer(2, 'secondary', { seen_address: '198.51.100.7' }),
    peer(3, 'secondary', { address: '2001:db8::3' }),
    peer(4, 'secondary', { status: 'removed' }),
  ];
  expect(hbaLinesFor(membership({ peers }), 'pro"x panel')).toEqual([
    'host replication replicator 198.51.100.7/32 scram-sha-256',
    'host postgres replicator 198.51.100.7/32 scram-sha-256',
    'host "pro""x panel" proxpanel_radius 198.51.100.7/32 scram-sha-256',
    'host replication replicator 192.0.2.2/32 scram-sha-256',
    'host postgres replicator 192.0.2.2/32 scram-sha-256',
    'host "pro""x panel" proxpanel_radius 192.0.2.2/32 scram-sha-256',
    'host replication replicator 2001:db8::3/128 scram-sha-256',
    'host postgres replicator 2001:db8::3/128 scram-sha-256',
    'host "pro""x panel" proxpanel_radius 2001:db8::3/128 scram-sha-256',
  ]);
});

test('a peer that is known is replaced, and the order stays', () => {
  const peers = withPeer([peer(2, 'secondary'), peer(1, 'main')], peer(2, 'secondary', { display_name: 'new' }));
  expect(peers.map((member) => member.display_name)).toEqual(['node 1', 'new']);
});

test('an address that an admin gave moves the API URL along, but not one that was set by itself', () => {
  const own = { address: '192.0.2.1', apiUrl: 'http://192.0.2.1:8080' } as OwnServer;
  expect(apiUrlAt(own, '198.51.100.9')).toBe('http://198.51.100.9:8080');
  expect(apiUrlAt(own, '2001:db8::9')).toBe('http://[2001:db8::9]:8080');
  expect(apiUrlAt({ ...own, apiUrl: 'https://panel.example' }, '198.51.100.9')).toBe('https://panel.example');
});
