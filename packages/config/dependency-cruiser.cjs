// The rooms of the design (DESIGN §12) as rules. Each `comment` is the reason that is printed when a rule bites.

/** Tests may look into other rooms: they start real services and compare what two rooms say. */
const TESTS = '(\\.test\\.tsx?|\\.e2e\\.ts|/test-[^/]+\\.tsx?|/testing/.*)$';

const BFF = '^apps/bff/src/';
const WEB = '^apps/web/src/';
const CONTRACTS = '^packages/contracts/src/';
const FAILOVER = '^packages/failover/src/';
const ADAPTERS = ['postgres', 'redis', 'peer', 'arbiter', 'host'];
const ADAPTER = `${BFF}(${ADAPTERS.join('|')})/`;

/** What a room asks of the outside, the errors that come back, and the shape of node.json: all that adapters know of it. */
const PORTS = `${BFF}(cluster|panel|http)/[a-z-]*(ports|errors|node-file)(\\.ts$|/)`;
/** Files beside the rooms (log, version, environment): values, no wiring. */
const BESIDE_THE_ROOMS = `${BFF}(?!main|context)[^/]+\\.ts$`;
const WIRING = [`${BFF}(main|context)[^/]*\\.ts$`, `${BFF}context/`, `${BFF}cli/`];

/** A library as it is resolved, or as it is written when it cannot be. */
const library = (name) => `(^|node_modules/)(@types/)?${name}(/|$)`;

const OURS = '^(apps|packages|e2e)/';

/** A room that may import these places of ours and no others. */
function room(name, from, allowed, comment, exempt = []) {
  return {
    name,
    comment,
    severity: 'error',
    from: { path: from, pathNot: [TESTS, ...exempt] },
    to: { path: OURS, pathNot: [...allowed, 'node_modules'] },
  };
}

/** A library that only the named rooms of the BFF may touch. */
function libraryStaysIn(name, rooms, comment) {
  return {
    name: `${name}-stays-in-its-room`,
    comment,
    severity: 'error',
    from: { path: BFF, pathNot: [TESTS, ...rooms] },
    to: { path: library(name) },
  };
}

const packageRooms = [
  {
    name: 'contracts-imports-zod-alone',
    comment: 'Browser, BFF and tests all load the contracts: whatever these import, all three would carry.',
    severity: 'error',
    from: { path: CONTRACTS, pathNot: TESTS },
    to: { pathNot: [CONTRACTS, library('zod')] },
  },
  {
    name: 'failover-imports-nothing',
    comment: 'The core decides from data alone; with an import it could read a clock, a disk or a socket.',
    severity: 'error',
    from: { path: FAILOVER, pathNot: TESTS },
    to: { pathNot: FAILOVER },
  },
  {
    name: 'testbed-only-spawns',
    comment: 'A test bed that imports the servers shares their memory and globals; it must start the built programs.',
    severity: 'error',
    from: { path: '^packages/testbed/' },
    to: { path: '^(apps|e2e)/' },
  },
  {
    name: 'e2e-stays-outside',
    comment: 'The browser tests know what an admin knows: the page and the wire, not the code behind them.',
    severity: 'error',
    from: { path: '^e2e/' },
    to: { path: '^(apps|packages/failover)/' },
  },
  {
    name: 'no-testbed-in-production',
    comment: 'The test bed kills servers and removes directories; no shipped file may reach it.',
    severity: 'error',
    from: { path: '^(apps|packages)/', pathNot: ['^packages/testbed/', '^apps/bff/(tests|bench)/', TESTS] },
    to: { path: '^packages/testbed/' },
  },
];

const bffRooms = [
  room(
    'bff-routes',
    `${BFF}routes/`,
    [`${BFF}(routes|http|cluster|panel)/`, CONTRACTS, BESIDE_THE_ROOMS],
    'A route turns a request into one call of an operation; reaching further, it would become a second place of rules.',
  ),
  room(
    'bff-http',
    `${BFF}http/`,
    [`${BFF}http/`, PORTS, CONTRACTS, BESIDE_THE_ROOMS],
    'The plumbing (sessions, errors, guard) serves cluster and panel alike, so it may know neither.',
  ),
  room(
    'bff-loops',
    `${BFF}loops/`,
    [`${BFF}(loops|cluster)/`, FAILOVER, CONTRACTS, BESIDE_THE_ROOMS],
    'A loop decides when, an operation does what: a loop that calls an adapter would be an operation nobody can test.',
  ),
  room(
    'bff-cluster',
    `${BFF}cluster/`,
    [`${BFF}cluster/`, FAILOVER, CONTRACTS, BESIDE_THE_ROOMS],
    'Operations speak to the world through cluster/ports alone; so a test can put a fake, or a fault, at each of them.',
  ),
  room(
    'bff-panel',
    `${BFF}panel/`,
    [`${BFF}(panel|http)/`, CONTRACTS, BESIDE_THE_ROOMS],
    'The panel is the payload. It must run the same on a standalone server, so it cannot know that a cluster exists.',
  ),
  {
    name: 'bff-adapters',
    comment:
      'An adapter translates one outside service into a port. It knows the port, the contracts and how an LSN is written.',
    severity: 'error',
    from: { path: ADAPTER, pathNot: TESTS },
    to: {
      path: OURS,
      pathNot: [PORTS, CONTRACTS, `${FAILOVER}lsn\\.ts$`, BESIDE_THE_ROOMS, `${BFF}$1/`, 'node_modules'],
    },
  },
  {
    name: 'bff-wire-once',
    comment: 'Only context.ts, main.ts and the command line choose adapters; everybody else receives a port.',
    severity: 'error',
    from: { path: BFF, pathNot: [...WIRING, ADAPTER, TESTS] },
    to: { path: ADAPTER },
  },
  {
    name: 'bff-wiring-is-the-top',
    comment: 'Who imports the context depends on every adapter at once; take the ports that are needed as parameters.',
    severity: 'error',
    from: { path: BFF, pathNot: [...WIRING, TESTS] },
    to: { path: WIRING },
  },
  libraryStaysIn(
    'pg',
    [`${BFF}postgres/`],
    'Every query has its time-out and its error mapping in one room: postgres/.',
  ),
  libraryStaysIn('ioredis', [`${BFF}redis/`], 'Reconnection and time-outs of Redis are settled once: redis/.'),
  libraryStaysIn(
    'undici',
    [`${BFF}(peer|arbiter)/`],
    'Requests to other servers are signed and timed in peer/, those to etcd in arbiter/, and nowhere else.',
  ),
  libraryStaysIn(
    'jose',
    [`${BFF}(peer|http)/`],
    'Tokens are made and checked in two rooms: peer/ (servers) and http/ (people).',
  ),
  libraryStaysIn('systeminformation', [`${BFF}host/`], 'It reads /proc and starts programs; only host/ may do that.'),
  libraryStaysIn(
    'express',
    [`${BFF}(http|routes|panel)/`, ...WIRING],
    'Operations and loops know nothing of requests: they are also called from the command line.',
  ),
];

const webRooms = [
  {
    name: 'web-knows-the-contracts-alone',
    comment: 'The page knows the wire. With the core or the BFF in it, a browser would carry what it must not decide.',
    severity: 'error',
    from: { path: '^apps/web/' },
    to: { path: ['^apps/bff/', '^packages/failover/'] },
  },
  room(
    'web-pages',
    `${WEB}pages/`,
    [`${WEB}(pages|features|api|ui|stores)/`, CONTRACTS],
    'A page lays out features. Nothing above it (main, router) is its business.',
  ),
  room(
    'web-features',
    `${WEB}features/`,
    [`${WEB}(features|api|ui|stores)/`, CONTRACTS],
    'A feature can stand on any page, so it knows none.',
  ),
  {
    name: 'web-features-do-not-meet',
    comment:
      'Features that import each other cannot be changed or removed alone; what two share belongs to ui, api or stores.',
    severity: 'error',
    from: { path: `${WEB}features/([^/]+)/`, pathNot: TESTS },
    to: { path: `${WEB}features/`, pathNot: `${WEB}features/$1/` },
  },
  room(
    'web-ui',
    `${WEB}ui/`,
    [`${WEB}ui/`],
    'The ui knows shapes and colours, not nodes and roles: it imports nothing of ours.',
  ),
  room(
    'web-api',
    `${WEB}api/`,
    [`${WEB}api/`, CONTRACTS],
    'One client, made from the endpoint table; it draws nothing.',
  ),
  room(
    'web-stores',
    `${WEB}stores/`,
    [`${WEB}stores/`, CONTRACTS],
    'Page state alone: what the server knows stays in queries.',
  ),
];

const everywhere = [
  {
    name: 'no-cycles',
    comment: 'Files in a circle can only be read, tested and moved all at once.',
    severity: 'error',
    from: {},
    to: { circular: true },
  },
  {
    name: 'no-orphans',
    comment: 'A file that imports nothing and is imported by nobody is dead, or its caller was forgotten.',
    severity: 'error',
    from: {
      orphan: true,
      pathNot: [
        TESTS,
        '\\.d\\.ts$',
        '\\.config\\.(js|ts)$',
        '^packages/config/',
        `${BFF}(main|cli/)`,
        '^apps/[^/]+/[^/]+\\.(js|ts)$',
      ],
    },
    to: {},
  },
  {
    name: 'no-barrels',
    comment: 'An index file hides who needs what, drags in its neighbours and makes cycles; import the file itself.',
    severity: 'error',
    from: { path: OURS },
    to: { path: `${OURS}.*/index\\.[cm]?[jt]sx?$`, pathNot: 'node_modules' },
  },
  {
    name: 'no-dev-dependency-in-production',
    comment: "A dev dependency is missing on a customer's server; the first request that needs it would fail there.",
    severity: 'error',
    from: { path: '^(apps/[^/]+|packages/(contracts|failover|testbed))/src/', pathNot: TESTS },
    to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'], pathNot: 'node_modules/@types/' },
  },
  {
    name: 'no-unlisted-dependency',
    comment: "A library that package.json does not name is there by luck of somebody else's tree.",
    severity: 'error',
    from: { path: '^(apps|packages/(contracts|failover|testbed)|e2e)' },
    to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown'] },
  },
  {
    name: 'no-unresolved',
    comment: 'An import that leads nowhere: the rules above could not see where it was meant to go.',
    severity: 'error',
    from: {},
    to: { couldNotResolve: true },
  },
];

module.exports = {
  forbidden: [...packageRooms, ...bffRooms, ...webRooms, ...everywhere],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(^|/)(dist[^/]*|coverage)/' },
    // Types count: a room that names another room's types cannot be moved without it.
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
      extensions: ['.ts', '.tsx', '.js', '.cjs', '.mjs', '.json', '.css'],
    },
  },
};
