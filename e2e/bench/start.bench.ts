/** From starting the BFF's process to its first 200, and its memory then. Floor: a bare node http server, in the same run. */
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { spawn } from 'node:child_process';
import { builtBffPath } from '@proxpanel/testbed/bff-process';
import { plainEnvironment } from '@proxpanel/testbed/command';
import { withTestbed } from '@proxpanel/testbed/testbed';
import { report, say } from '@proxpanel/testbed/bench-report';
import { residentMegabytes } from './resident.ts';

const rounds = 7;
/** By then its loops have run and its database is connected. */
const settledAfterMs = 2_000;
const bareServer = `require('node:http').createServer((_, reply) => reply.end('ok')).listen(process.env.PORT, '127.0.0.1')`;

interface Start {
  readonly firstAnswerMs: number;
  readonly megabytes: number;
}

await withTestbed({}, async (testbed) => {
  const server = await testbed.addServer('server');
  // Its database stays; what is measured is started in its place.
  await server.bff.stop();
  const environment = { ...plainEnvironment, ...server.bff.environment };
  const measure = (nodeArguments: string[]) => measureStart(nodeArguments, environment, server.url);
  const starts: Record<'bff' | 'bare', Start[]> = { bff: [], bare: [] };
  const kinds = { bff: [builtBffPath], bare: ['-e', bareServer] };
  for (let round = 0; round < rounds; round += 1) {
    for (const kind of round % 2 === 0 ? (['bff', 'bare'] as const) : (['bare', 'bff'] as const)) {
      const start = await measure(kinds[kind]);
      say(`${kind}: ${start.firstAnswerMs.toFixed(0)} ms, ${start.megabytes.toFixed(0)} MB`);
      starts[kind].push(start);
    }
  }
  const floor = 'bare node http';
  report({
    what: 'BFF start to first 200',
    unit: 'ms',
    samples: starts.bff.map(({ firstAnswerMs }) => firstAnswerMs),
    floor: { what: floor, samples: starts.bare.map(({ firstAnswerMs }) => firstAnswerMs) },
    goal: 'under 1 500 ms',
    isMet: ({ median }) => median < 1_500,
  });
  report({
    what: 'BFF RSS after start',
    unit: 'MB',
    samples: starts.bff.map(({ megabytes }) => megabytes),
    floor: { what: floor, samples: starts.bare.map(({ megabytes }) => megabytes) },
    goal: 'under 120 MB',
    isMet: ({ max }) => max < 120,
  });
});

async function measureStart(nodeArguments: string[], environment: Record<string, string>, url: string): Promise<Start> {
  const started = performance.now();
  const child = spawn(process.execPath, nodeArguments, { env: environment, stdio: 'ignore' });
  const ended = once(child, 'exit');
  try {
    await firstAnswer(`${url}/health`, () => child.exitCode !== null);
    const firstAnswerMs = performance.now() - started;
    await pause(settledAfterMs);
    return { firstAnswerMs, megabytes: residentMegabytes(child.pid ?? 0) };
  } finally {
    child.kill('SIGTERM');
    await ended;
  }
}

async function firstAnswer(url: string, hasEnded: () => boolean): Promise<void> {
  const deadline = performance.now() + 60_000;
  while (performance.now() < deadline && !hasEnded()) {
    // Refused until it listens: that is what is waited for.
    const reply = await fetch(url, { signal: AbortSignal.timeout(5_000) }).catch(() => null);
    await reply?.body?.cancel();
    if (reply?.status === 200) return;
    await pause(2);
  }
  throw new Error(`${url} did not answer`);
}
