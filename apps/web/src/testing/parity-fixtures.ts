/** A node that is like main in what PostgreSQL does not replicate; `changes` replaces lines by name. */
import type { NodeParity, ParityLine } from '@proxpanel/contracts/parity';

const same: ParityLine[] = [
  { name: 'uploads', state: 'same', sentence: 'The same uploads.' },
  { name: 'environment', state: 'same', sentence: 'The environment agrees.' },
  { name: 'certificate', state: 'same', sentence: 'Neither serves TLS itself.' },
  { name: 'clock', state: 'same', sentence: 'The clocks agree.' },
  { name: 'panel_version', state: 'same', sentence: 'Panel 1.0.0 on both.' },
  { name: 'postgres_version', state: 'same', sentence: 'PostgreSQL 15.14 on both.' },
];

export function sameOnBoth(nodeId: number, changes: readonly ParityLine[] = []): NodeParity {
  const byName = new Map(changes.map((line) => [line.name, line]));
  return { node_id: nodeId, lines: same.map((line) => byName.get(line.name) ?? line) };
}
