/** `proxpanel-cluster seed --subscribers 1000000`. */
import { SingleBar, Presets } from 'cli-progress';
import type { Environment } from '../environment.ts';
import { READ_ONLY_SENTENCE } from '../http/error-mapping.ts';
import { createColumnSeal } from '../panel/seal-column.ts';
import { seedPanel, type Seeded } from '../panel/seed-panel.ts';
import { createSeedStore } from '../postgres/panel-seed.ts';
import type { Terminal } from './terminal.ts';
import { withDatabase } from './with-database.ts';

export interface SeedOptions {
  readonly subscribers: number;
  readonly seed: number;
  readonly besideRealOnes: boolean;
}

/** Shows its progress on standard error. Faults: READ_ONLY on a secondary, BLOCKED beside real subscribers, DATABASE_DOWN. */
export async function runSeed(
  environment: Environment,
  terminal: Terminal,
  actor: string,
  { subscribers, seed, besideRealOnes }: SeedOptions,
): Promise<void> {
  const started = performance.now();
  const seal = createColumnSeal(environment.panelEncryptionKey);
  const work = {
    environment,
    program: 'proxpanel-cluster seed',
    readOnlySentence: `${READ_ONLY_SENTENCE}: fill the main server's database, and it appears here.`,
  };
  const progress = createProgress(subscribers);
  const seeded = await withDatabase(work, (connections) =>
    seedPanel(
      { store: createSeedStore(connections), seal, nowMs: Date.now },
      { subscribers, seed, besideRealOnes, actor, onProgress: progress.show },
    ),
  ).finally(progress.end);
  terminal.say(described(seeded, seal.available, (performance.now() - started) / 1_000));
}

function described({ before, added, madePassword }: Seeded, sealed: boolean, seconds: number): string {
  if (added === 0) return `All ${String(before)} made-up subscribers are there already; nothing was added.`;
  const lines = [`Added ${String(added)} subscribers to ${String(before)} in ${seconds.toFixed(1)} s.`];
  if (!sealed) lines.push('They have no passwords: PANEL_ENCRYPTION_KEY is not set.');
  if (madePassword !== null) {
    lines.push(`Their resellers, trial.large and others, sign in with ${madePassword} (it is not shown again).`);
  }
  return lines.join('\n');
}

interface Progress {
  readonly show: (rows: number) => void;
  readonly end: () => void;
}

/** A bar for a person; a line for each tenth where standard error is a file. */
function createProgress(total: number): Progress {
  if (!process.stderr.isTTY) {
    let tenths = 0;
    return {
      show(rows) {
        const reached = Math.floor((rows * 10) / total);
        if (reached > tenths) process.stderr.write(`${String(reached * 10)} %: ${String(rows)} subscribers\n`);
        tenths = Math.max(tenths, reached);
      },
      end: () => undefined,
    };
  }
  const format = '{bar} {percentage} %, {value} of {total} subscribers, {eta_formatted} left';
  const bar = new SingleBar({ format, stream: process.stderr, stopOnComplete: false }, Presets.shades_classic);
  let begun = false;
  return {
    show(rows) {
      if (begun) bar.update(rows);
      else bar.start(total, rows);
      begun = true;
    },
    end: () => bar.stop(),
  };
}
