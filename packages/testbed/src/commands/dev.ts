/**
 * `npm run dev`: two standalone servers, the page by vite with hot reload on the first one's BFF, and both BFFs built
 * and started again whenever a source of theirs changes.
 */
import { watch } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { execa } from 'execa';
import type { Testbed } from '../testbed.ts';
import { describeDemo, openDemo, untilAsked } from './demo.ts';
import { abortOnSignals, root, runTool, toolEnvironment } from './steps.ts';

/** What the BFF's bundle is made of. */
const BFF_SOURCES = ['apps/bff/src', 'packages/contracts/src', 'packages/failover/src'];
/** Editors save several files at once: one build for all of them. */
const SETTLE_MS = 200;

process.exitCode = await main();

async function main(): Promise<number> {
  const signal = abortOnSignals();
  const say = (line: string) => process.stderr.write(`${line}\n`);
  try {
    await using testbed = await openDemo({ fresh: true, say, signal });
    const { servers, admin } = await describeDemo(testbed);
    say(
      `Sign in as ${admin.username} with ${admin.password}; the BFFs are ${servers.map(({ url }) => url).join(' and ')}`,
    );
    const vite = execa(join(root, 'apps/web/node_modules/.bin/vite'), [], {
      ...{ cwd: join(root, 'apps/web'), reject: false, cancelSignal: signal, stdio: 'inherit' },
      env: { ...toolEnvironment(), BFF_URL: servers[0]?.url ?? '' },
    } as const);
    const watching = BFF_SOURCES.map((path) => rebuildOnChange(join(root, path), testbed, say, signal));
    await untilAsked(signal);
    vite.kill('SIGTERM');
    await Promise.all([vite, ...watching]);
  } catch (error) {
    if (!signal.aborted) throw error;
  }
  return signal.aborted ? 130 : 0;
}

async function rebuildOnChange(
  path: string,
  testbed: Testbed,
  say: (line: string) => void,
  signal: AbortSignal,
): Promise<void> {
  let settled: AbortController | undefined;
  try {
    for await (const { filename } of watch(path, { recursive: true, signal })) {
      if (filename === null || filename.endsWith('.test.ts')) continue;
      settled?.abort();
      settled = new AbortController();
      const stop = AbortSignal.any([signal, settled.signal]);
      delay(SETTLE_MS, undefined, { signal: stop }).then(
        () => rebuild(testbed, say),
        // A newer change takes over.
        () => undefined,
      );
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

async function rebuild(testbed: Testbed, say: (line: string) => void): Promise<void> {
  const { ok, output } = await runTool(['node', 'build.mjs'], { output: 'keep', cwd: join(root, 'apps/bff') });
  if (!ok) {
    say(output);
    return;
  }
  try {
    await Promise.all(testbed.servers.map(({ bff }) => bff.restart()));
    say('The BFFs run the new build');
  } catch (error) {
    say(error instanceof Error ? error.message : String(error));
  }
}
