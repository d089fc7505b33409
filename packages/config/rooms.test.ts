import { expect, test } from 'vitest';
import { cruiseRepository, cruiseTree, rules, type Tree } from './rooms/cruise-tree.ts';

const BFF = 'apps/bff/src';
const WEB = 'apps/web/src';

/** Files that other files of a tree import; each imports a library, so that it is no orphan. */
function files(...paths: string[]): Tree {
  return Object.fromEntries(paths.map((path) => [path, ['react']]));
}

interface Broken {
  readonly rule: string;
  readonly tree: Tree;
  /** Rules that the same import breaks as well; no others may be reported. */
  readonly also?: readonly string[];
}

const BROKEN: readonly Broken[] = [
  { rule: 'contracts-imports-zod-alone', tree: { 'packages/contracts/src/a.ts': ['zod', 'node:crypto'] } },
  { rule: 'contracts-imports-zod-alone', tree: { 'packages/contracts/src/a.ts': ['zod', 'jose'] } },
  { rule: 'failover-imports-nothing', tree: { 'packages/failover/src/decide.ts': ['node:fs'] } },
  { rule: 'failover-imports-nothing', tree: { 'packages/failover/src/decide.ts': ['zod'] } },
  {
    rule: 'failover-imports-nothing',
    tree: {
      'packages/contracts/src/a.ts': ['zod'],
      'packages/failover/src/decide.ts': ['type @proxpanel/contracts/a'],
    },
  },
  {
    rule: 'testbed-only-spawns',
    tree: { 'packages/testbed/src/a.ts': ['../../../apps/bff/src/main.ts'], ...files(`${BFF}/main.ts`) },
  },
  {
    rule: 'testbed-only-spawns',
    tree: { 'packages/testbed/src/a.ts': ['../../../apps/web/src/main.tsx'], ...files(`${WEB}/main.tsx`) },
  },
  { rule: 'e2e-stays-outside', tree: { 'e2e/join.e2e.ts': ['../apps/web/src/main.tsx'], ...files(`${WEB}/main.tsx`) } },
  {
    rule: 'no-testbed-in-production',
    tree: { [`${BFF}/main.ts`]: ['@proxpanel/testbed/a'], 'packages/testbed/src/a.ts': ['undici'] },
  },

  { rule: 'bff-routes', tree: { [`${BFF}/routes/a.ts`]: ['../loops/b.ts'], ...files(`${BFF}/loops/b.ts`) } },
  {
    rule: 'bff-routes',
    tree: { [`${BFF}/routes/a.ts`]: ['@proxpanel/failover/lsn'], ...bare('packages/failover/src/lsn.ts') },
  },
  {
    rule: 'bff-http',
    tree: { [`${BFF}/http/a.ts`]: ['../cluster/join-cluster.ts'], ...files(`${BFF}/cluster/join-cluster.ts`) },
  },
  { rule: 'bff-loops', tree: { [`${BFF}/loops/a.ts`]: ['../http/b.ts'], ...files(`${BFF}/http/b.ts`) } },
  { rule: 'bff-cluster', tree: { [`${BFF}/cluster/a.ts`]: ['type ../http/b.ts'], ...files(`${BFF}/http/b.ts`) } },
  { rule: 'bff-panel', tree: { [`${BFF}/panel/a.ts`]: ['../cluster/b.ts'], ...files(`${BFF}/cluster/b.ts`) } },
  { rule: 'bff-adapters', tree: { [`${BFF}/postgres/a.ts`]: ['../redis/b.ts'], ...files(`${BFF}/redis/b.ts`) } },
  {
    rule: 'bff-adapters',
    tree: { [`${BFF}/host/a.ts`]: ['../cluster/join-cluster.ts'], ...files(`${BFF}/cluster/join-cluster.ts`) },
  },
  {
    rule: 'bff-wire-once',
    tree: { [`${BFF}/cluster/a.ts`]: ['../postgres/b.ts'], ...files(`${BFF}/postgres/b.ts`) },
    also: ['bff-cluster'],
  },
  {
    rule: 'bff-wiring-is-the-top',
    tree: { [`${BFF}/routes/a.ts`]: ['type ../context.ts'], ...files(`${BFF}/context.ts`) },
    also: ['bff-routes'],
  },
  { rule: 'pg-stays-in-its-room', tree: { [`${BFF}/cluster/a.ts`]: ['pg'] } },
  { rule: 'ioredis-stays-in-its-room', tree: { [`${BFF}/http/a.ts`]: ['ioredis'] } },
  { rule: 'undici-stays-in-its-room', tree: { [`${BFF}/loops/a.ts`]: ['undici'] } },
  { rule: 'jose-stays-in-its-room', tree: { [`${BFF}/cluster/a.ts`]: ['jose'] } },
  { rule: 'systeminformation-stays-in-its-room', tree: { [`${BFF}/loops/a.ts`]: ['systeminformation'] } },
  { rule: 'express-stays-in-its-room', tree: { [`${BFF}/cluster/a.ts`]: ['type express'] } },

  {
    rule: 'web-knows-the-contracts-alone',
    tree: { [`${WEB}/main.tsx`]: ['@proxpanel/failover/lsn'], ...bare('packages/failover/src/lsn.ts') },
  },
  {
    rule: 'web-knows-the-contracts-alone',
    tree: { [`${WEB}/main.tsx`]: ['../../bff/src/main.ts'], ...files(`${BFF}/main.ts`) },
  },
  { rule: 'web-pages', tree: { [`${WEB}/pages/a.tsx`]: ['../router.tsx'], ...files(`${WEB}/router.tsx`) } },
  {
    rule: 'web-features',
    tree: { [`${WEB}/features/nodes/a.tsx`]: ['../../pages/b.tsx'], ...files(`${WEB}/pages/b.tsx`) },
  },
  {
    rule: 'web-features-do-not-meet',
    tree: { [`${WEB}/features/nodes/a.tsx`]: ['../join/b.tsx'], ...files(`${WEB}/features/join/b.tsx`) },
  },
  { rule: 'web-ui', tree: { [`${WEB}/ui/a.tsx`]: ['../stores/b.ts'], ...files(`${WEB}/stores/b.ts`) } },
  {
    rule: 'web-ui',
    tree: { [`${WEB}/ui/a.tsx`]: ['type @proxpanel/contracts/a'], 'packages/contracts/src/a.ts': ['zod'] },
  },
  { rule: 'web-api', tree: { [`${WEB}/api/a.ts`]: ['../ui/b.tsx'], ...files(`${WEB}/ui/b.tsx`) } },
  { rule: 'web-stores', tree: { [`${WEB}/stores/a.ts`]: ['../api/b.ts'], ...files(`${WEB}/api/b.ts`) } },

  {
    rule: 'no-cycles',
    tree: { [`${WEB}/ui/a.ts`]: ['./b.ts'], [`${WEB}/ui/b.ts`]: ['type ./a.ts'] },
  },
  { rule: 'no-orphans', tree: { [`${BFF}/cluster/forgotten.ts`]: [] } },
  { rule: 'no-barrels', tree: { [`${WEB}/main.tsx`]: ['./ui/index.ts'], ...files(`${WEB}/ui/index.ts`) } },
  { rule: 'no-dev-dependency-in-production', tree: { [`${BFF}/host/a.ts`]: ['esbuild'] } },
  { rule: 'no-unlisted-dependency', tree: { [`${BFF}/host/a.ts`]: ['unlisted'] } },
  { rule: 'no-unresolved', tree: { [`${BFF}/host/a.ts`]: ['./nowhere.ts'] } },
];

/** Files without any import, for the packages that may have none. */
function bare(...paths: string[]): Tree {
  return Object.fromEntries(paths.map((path) => [path, []]));
}

test('the repository keeps its rooms', { timeout: 60_000 }, async () => {
  expect(await cruiseRepository()).toEqual([]);
});

test.each(BROKEN)('$rule bites', { timeout: 60_000 }, async ({ rule, tree, also = [] }) => {
  const reported = (await cruiseTree(tree)).map((line) => line.slice(0, line.indexOf(':')));
  expect(reported.sort()).toEqual([rule, ...also].sort());
});

test('every rule is seen to bite, and says its reason in a sentence', () => {
  expect([...new Set(BROKEN.map(({ rule }) => rule))].sort()).toEqual(rules.map(({ name }) => name).sort());
  for (const { comment } of rules) expect(comment).toMatch(/^[A-Z].{30,}[.]$/);
});

test('what the design allows is left alone', { timeout: 60_000 }, async () => {
  const allowed: Tree = {
    'packages/contracts/src/a.ts': ['zod', './b.ts'],
    'packages/contracts/src/b.ts': ['zod'],
    'packages/failover/src/lsn.ts': [],
    'packages/failover/src/decide.ts': ['./lsn.ts'],
    [`${BFF}/main.ts`]: ['./context.ts', './http/server.ts', './routes/a.ts', './loops/a.ts', './environment.ts'],
    [`${BFF}/environment.ts`]: ['zod'],
    [`${BFF}/context.ts`]: [
      './postgres/a.ts',
      './redis/a.ts',
      './peer/a.ts',
      './host/a.ts',
      './arbiter/a.ts',
      './panel/a.ts',
    ],
    [`${BFF}/http/server.ts`]: ['express', 'jose', '@proxpanel/contracts/a', 'type ../cluster/ports.ts'],
    [`${BFF}/routes/a.ts`]: ['express', '../http/server.ts', '../cluster/join-cluster.ts', '@proxpanel/contracts/a'],
    [`${BFF}/loops/a.ts`]: ['../cluster/join-cluster.ts', '@proxpanel/failover/decide'],
    [`${BFF}/cluster/join-cluster.ts`]: ['./ports.ts', './peer-ports.ts', '@proxpanel/failover/lsn'],
    [`${BFF}/cluster/ports.ts`]: ['type @proxpanel/contracts/a'],
    [`${BFF}/cluster/peer-ports.ts`]: ['./ports.ts'],
    [`${BFF}/panel/a.ts`]: ['express', '../http/server.ts', './ports.ts'],
    [`${BFF}/panel/ports.ts`]: ['type @proxpanel/contracts/a'],
    [`${BFF}/postgres/a.ts`]: [
      'pg',
      './b.ts',
      '@proxpanel/failover/lsn',
      'type ../cluster/ports.ts',
      'type ../panel/ports.ts',
    ],
    [`${BFF}/postgres/b.ts`]: ['pg'],
    [`${BFF}/redis/a.ts`]: ['ioredis', 'type ../cluster/ports.ts'],
    [`${BFF}/peer/a.ts`]: ['undici', 'jose', '@proxpanel/contracts/a'],
    [`${BFF}/host/a.ts`]: ['systeminformation', 'node:fs'],
    [`${BFF}/arbiter/a.ts`]: ['../environment.ts'],
    [`${BFF}/cluster/join-cluster.pg.test.ts`]: [
      './join-cluster.ts',
      '../postgres/a.ts',
      '@proxpanel/testbed/servers',
      'esbuild',
      'pg',
    ],
    'packages/testbed/src/servers.ts': ['pg', 'ioredis', 'undici', '@proxpanel/contracts/a'],
    'e2e/join.e2e.ts': ['@proxpanel/testbed/servers', '@proxpanel/contracts/a'],
    [`${WEB}/main.tsx`]: ['react', './pages/cluster.tsx'],
    [`${WEB}/pages/cluster.tsx`]: [
      '../features/nodes/a.tsx',
      '../features/join/a.tsx',
      '../ui/button.tsx',
      '../stores/theme.ts',
    ],
    [`${WEB}/features/nodes/a.tsx`]: ['./b.tsx', '../../api/client.ts', '../../ui/button.tsx'],
    [`${WEB}/features/nodes/b.tsx`]: ['react'],
    [`${WEB}/features/join/a.tsx`]: ['@proxpanel/contracts/a'],
    [`${WEB}/api/client.ts`]: ['@proxpanel/contracts/a'],
    [`${WEB}/ui/button.tsx`]: ['react'],
    [`${WEB}/stores/theme.ts`]: ['react'],
  };
  expect(await cruiseTree(allowed)).toEqual([]);
});
