import type { NodeParity, ParityLine } from '@proxpanel/contracts/parity';
import type { ClusterStatus } from '@proxpanel/contracts/status';
import { Card } from '../../ui/card.tsx';

const titles: Record<ParityLine['name'], string> = {
  uploads: 'Uploads',
  environment: 'Environment',
  certificate: 'TLS certificate',
  clock: 'Clock',
  panel_version: 'Panel version',
  postgres_version: 'PostgreSQL version',
};

const marks: Record<ParityLine['state'], { sign: string; colour: string; word: string }> = {
  same: { sign: '✓', colour: 'text-good', word: 'same' },
  differs: { sign: '!', colour: 'text-warn', word: 'differs' },
  unknown: { sign: '?', colour: 'text-muted', word: 'unknown' },
};

/** What PostgreSQL does not replicate (DESIGN §11): one line when it is the same on both, else what is not. */
export function ParityCard({ status }: { status: ClusterStatus }) {
  const { parity } = status;
  if (parity.length === 0) return null;
  const names = new Map(status.nodes.map((node) => [node.id, node.display_name]));
  return (
    <Card title="Beside the database">
      <div className="flex flex-col gap-4">
        {parity.map((node) => (
          <NodeLines
            key={node.node_id}
            node={node}
            name={names.get(node.node_id) ?? `server ${String(node.node_id)}`}
          />
        ))}
      </div>
    </Card>
  );
}

function NodeLines({ node, name }: { node: NodeParity; name: string }) {
  const odd = node.lines.filter(({ state }) => state !== 'same');
  const lines: readonly Shown[] = odd.length === 0 ? [allTheSame(node.lines)] : odd.map(shownOf);
  return (
    <div>
      <h3 className="mb-1.5 text-sm font-medium text-muted">{name} compared with main</h3>
      <ul aria-label={`${name} compared with main`} className="flex flex-col gap-1.5">
        {lines.map(({ title, state, sentence }) => (
          <li key={title} className="flex gap-2.5">
            <span aria-hidden="true" className={`w-4 shrink-0 text-center font-bold ${marks[state].colour}`}>
              {marks[state].sign}
            </span>
            <span>
              <span className="sr-only">{marks[state].word}: </span>
              <span className="font-medium">{title}.</span> {sentence}
            </span>
          </li>
        ))}
      </ul>
    </div>
  );
}

interface Shown {
  title: string;
  state: ParityLine['state'];
  sentence: string;
}

function shownOf({ name, state, sentence }: ParityLine): Shown {
  return { title: titles[name], state, sentence };
}

function allTheSame(lines: readonly ParityLine[]): Shown {
  const [first, ...rest] = lines.map(({ name }) => titles[name]);
  const named = [
    first,
    ...rest.map((title) => title.replace(/^(?!TLS|PostgreSQL)./, (letter) => letter.toLowerCase())),
  ];
  return { title: 'The same on both', state: 'same', sentence: `${named.join(', ')}.` };
}
