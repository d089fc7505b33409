/**
 * GET /api/subscribers at the size of a large provider, for an admin and two resellers: every filter and kind of search, in
 * every order, on the first page and deep. Floor: one row by its primary key, through the same API.
 *
 *   node apps/bff/bench/panel/lists.bench.ts 1000000
 */
import { fileURLToPath } from 'node:url';
import { report, say } from '@proxpanel/testbed/bench-report';
import { builtBffPath } from '@proxpanel/testbed/bff-process';
import { plainEnvironment, run } from '@proxpanel/testbed/command';
import type { TestServer } from '@proxpanel/testbed/server';
import { withTestbed } from '@proxpanel/testbed/testbed';

const subscribers = Number(process.argv[2] ?? 1_000_000);
const requests = 12;
const goalMs = 50;
const deepPages = 10;
/** As the administrator of a server of this size sets it; PostgreSQL's own default is 128 MB. */
const postgresSettings = { shared_buffers: '1GB' };
const cli = fileURLToPath(new URL('cli.js', `file://${builtBffPath}`));

const orders = ['newest', 'username', 'expires_at'].flatMap((sort) => [
  `sort=${sort}&descending=false`,
  `sort=${sort}&descending=true`,
]);
const lists: Readonly<Record<string, string>> = {
  'no filter': '',
  active: 'state=active',
  inactive: 'state=inactive',
  expired: 'state=expired',
  expiring: 'state=expiring',
  online: 'state=online',
  'one service': 'service_id=1',
  'one service, online': 'service_id=3&state=online',
  'search of 1 letter': 'search=m',
  'search of 2 letters': 'search=zq',
  'search of a frequent first name': 'search=mohammad',
  'search of a rare first name': 'search=yasaman',
  'search of a last name': 'search=karimi',
  'search that half of all match': 'search=%40isp',
  'search of a number': 'search=8231',
  'search that nothing matches': 'search=zzz',
  'search, inactive': 'search=ahmad&state=inactive',
  'search, one service': 'search=ahmad&service_id=2',
};

/** Of all requests for a list without and with a search, for whomever. */
const all: Record<'list' | 'search', number[]> = { list: [], search: [] };

await withTestbed({}, async (testbed) => {
  const server = await testbed.addServer('server', { postgresSettings });
  const resellersPassword = await seed(server);
  const people = {
    admin: await server.panel().signIn(),
    'reseller of 30 %': await server.panel().signIn('trial.large', resellersPassword),
    'reseller of ten': await server.panel().signIn('trial.small', resellersPassword),
  };
  for (const [who, { token = '' }] of Object.entries(people)) {
    const floor = await measureFloor(server, token);
    if (who === 'admin') await measureResellers(server, token, floor);
    for (const [name, filter] of Object.entries(lists))
      await measureList(server, token, `${who}: ${name}`, filter, floor);
  }
  for (const [kind, samples] of Object.entries(all))
    reportP99(`every ${kind} (${String(samples.length)} requests)`, samples);
});

/** By the product's own command; returns the password that it made for the resellers. */
async function seed(server: TestServer): Promise<string> {
  const started = performance.now();
  const { stdout } = await run([process.execPath, cli, 'seed', '--subscribers', String(subscribers)], {
    environment: { ...plainEnvironment, ...server.bff.environment },
    timeoutMs: 60 * 60_000,
  });
  const password = /sign in with (\S+)/.exec(stdout)?.[1];
  if (password === undefined) throw new Error(`the panel was not filled: ${stdout}`);
  const seconds = (performance.now() - started) / 1_000;
  const perMillion = (seconds * 1_000_000) / subscribers;
  report({
    what: `seed ${String(subscribers)} subscribers`,
    unit: 's per million',
    samples: [perMillion],
    goal: 'under 180 s',
    isMet: ({ median }) => median < 180,
  });
  return password;
}

interface Page {
  readonly subscribers: { readonly id: number }[];
  readonly next: string | null;
}

/** One client that waits for each reply; in ms. */
async function get(server: TestServer, token: string, path: string): Promise<{ ms: number; body: Page }> {
  const started = performance.now();
  const reply = await fetch(server.url + path, {
    headers: { authorization: `Bearer ${token}` },
    signal: AbortSignal.timeout(60_000),
  });
  const body = (await reply.json()) as Page;
  const ms = performance.now() - started;
  if (reply.status !== 200) throw new Error(`${path}: ${String(reply.status)} ${JSON.stringify(body)}`);
  return { ms, body };
}

async function repeat(server: TestServer, token: string, path: string): Promise<number[]> {
  const samples: number[] = [];
  // Twice before it counts.
  for (let request = -2; request < requests; request += 1) {
    const { ms } = await get(server, token, path);
    if (request >= 0) samples.push(ms);
  }
  return samples;
}

async function measureFloor(server: TestServer, token: string): Promise<number[]> {
  const { body } = await get(server, token, '/api/subscribers?limit=10');
  const samples: number[] = [];
  for (const { id } of body.subscribers)
    samples.push(...(await repeat(server, token, `/api/subscribers/${String(id)}`)));
  return samples;
}

/** Each with the number of his subscribers: a count of a million, were it counted. */
async function measureResellers(server: TestServer, token: string, floor: number[]) {
  report({
    ...{ what: 'admin: list of resellers, p50', unit: 'ms', samples: await repeat(server, token, '/api/resellers') },
    floor: { what: 'one by id', samples: floor },
    goal: `under ${String(goalMs)} ms`,
    isMet: ({ median }) => median < goalMs,
  });
}

async function measureList(server: TestServer, token: string, what: string, filter: string, floor: number[]) {
  const samples: number[] = [];
  let slowest = { ms: 0, order: '' };
  for (const order of orders) {
    const path = `/api/subscribers?${order}${filter === '' ? '' : `&${filter}`}`;
    const deep = await deepCursor(server, token, path);
    for (const place of deep === null ? [path] : [path, `${path}&cursor=${deep}`]) {
      const found = await repeat(server, token, place);
      samples.push(...found);
      const ms = percentile(found, 0.5);
      if (ms > slowest.ms) slowest = { ms, order: `${order}${place === path ? '' : ', deep'}` };
    }
  }
  const p99 = percentile(samples, 0.99);
  say(`${what}: p50 ${percentile(samples, 0.5).toFixed(1)}, p99 ${p99.toFixed(1)} ms; slowest: ${slowest.order}`);
  report({
    ...{ what: `${what}, p50`, unit: 'ms', samples },
    floor: { what: 'one by id', samples: floor },
    goal: `under ${String(goalMs)} ms`,
    isMet: ({ median }) => median < goalMs,
  });
  reportP99(what, samples, floor);
  all[filter.includes('search=') ? 'search' : 'list'].push(...samples);
}

function reportP99(what: string, samples: number[], floor?: number[]) {
  report({
    ...{ what: `${what}, p99`, unit: 'ms', samples: [percentile(samples, 0.99)] },
    ...(floor && { floor: { what: 'one by id', samples: [percentile(floor, 0.99)] } }),
    goal: `under ${String(goalMs)} ms`,
    isMet: ({ median }) => median < goalMs,
  });
}

/** Of a page some thousand rows down; null when the list ends before. */
async function deepCursor(server: TestServer, token: string, path: string): Promise<string | null> {
  let cursor: string | null = null;
  for (let page = 0; page < deepPages; page += 1) {
    const at: string = cursor === null ? '' : `&cursor=${cursor}`;
    const { body } = await get(server, token, `${path}&limit=200${at}`);
    if (body.next === null) return null;
    cursor = body.next;
  }
  return cursor;
}

function percentile(samples: readonly number[], part: number): number {
  const sorted = [...samples].sort((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? NaN;
}
