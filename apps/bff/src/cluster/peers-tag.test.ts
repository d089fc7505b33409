import { expect, test } from 'vitest';
import type { Peer } from '@proxpanel/contracts/peer';
import { tagOfPeers, tagStillHeld } from './peers-tag.ts';

const peer = (nodeId: number, status: Peer['status'] = 'online'): Peer => ({
  ...{ node_id: nodeId, server_id: `00000000-0000-4000-8000-00000000000${String(nodeId)}`, status },
  ...{ display_name: `Node ${String(nodeId)}`, role: 'secondary', address: '10.0.0.1', api_url: 'http://10.0.0.1' },
  ...{ postgres_port: 5_432, redis_port: 6_379 },
});

test('any change of any member is another tag, and the same list made anew is the same', () => {
  const tag = tagOfPeers([peer(1), peer(2)]);
  expect(tagOfPeers([peer(1), peer(2)])).toBe(tag);
  expect(tagOfPeers([peer(1), peer(2, 'late')])).not.toBe(tag);
  expect(tagOfPeers([peer(1)])).not.toBe(tag);
});

test('a server says the tag only while it holds the list that main gave it: what it changed itself is sent anew', () => {
  const given = [peer(1), peer(2)];
  const memory = { heardPeers: { tag: 'a', text: JSON.stringify(given) } };
  expect(tagStillHeld(memory, [peer(1), peer(2)])).toBe('a');
  expect(tagStillHeld(memory, [peer(1), { ...peer(2), role: 'main' }])).toBeNull();
  expect(tagStillHeld({ heardPeers: null }, given)).toBeNull();
});
