/** Sessions on two servers: begun, renewed and ended on either, over restarts and a failover (DESIGN §5, §11). */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { LoginReply } from '@proxpanel/contracts/auth';
import { joinServers } from '@proxpanel/testbed/join-servers';
import type { TestServer } from '@proxpanel/testbed/server';
import { createTestbed, type Testbed } from '@proxpanel/testbed/testbed';
import { waitFor } from '@proxpanel/testbed/wait-for';
import { promote, waitUntilOffered } from './support/promotions.ts';

interface SignedIn {
  token: string;
  refreshToken: string;
}

let testbed: Testbed;
let main: TestServer;
let secondary: TestServer;
/** Of the secondary, before it joined. */
let formerGoing: SignedIn;
let formerEnded: SignedIn;

beforeAll(async () => {
  testbed = await createTestbed();
  const options = { environment: { AUTO_FAILOVER: 'false' }, redisAppendOnly: true };
  [main, secondary] = await Promise.all([testbed.addServer('main', options), testbed.addServer('secondary', options)]);
  [formerGoing, formerEnded] = [await signIn(secondary), await signIn(secondary)];
  await signOut(secondary, formerEnded);
  await joinServers(main, secondary);
}, 300_000);

afterAll(() => testbed.dispose());

async function signIn(server: TestServer): Promise<SignedIn> {
  const panel = server.panel();
  const body = { username: 'admin', password: server.adminPassword };
  const reply = await waitFor(() => panel.post<LoginReply>('/api/auth/login', body), {
    describe: `${server.name} to take a sign-in`,
    until: ({ status }) => status !== 503,
  });
  const { token } = await panel.expectOk(reply);
  const cookies = [reply.headers['set-cookie'] ?? []].flat();
  const refreshToken = cookies.map((cookie) => /^proxpanel_refresh_\d+=([^;]+);/.exec(cookie)?.[1]).find(Boolean);
  if (refreshToken === undefined) throw new Error(`no refresh cookie: ${cookies.join()}`);
  return { token, refreshToken };
}

async function meStatus(server: TestServer, { token }: SignedIn): Promise<number> {
  const reply = await server.panel().get('/api/auth/me', { headers: { authorization: `Bearer ${token}` } });
  return reply.status;
}

async function refresh(server: TestServer, { refreshToken }: SignedIn) {
  const headers = { authorization: `Bearer ${refreshToken}` };
  return server.panel().post<LoginReply>('/api/auth/refresh', {}, { headers });
}

async function signOut(server: TestServer, { token }: SignedIn): Promise<void> {
  const panel = server.panel();
  await panel.expectOk(panel.post('/api/auth/logout', {}, { headers: { authorization: `Bearer ${token}` } }));
}

/** Both tokens of a session that was ended. */
async function refusals(server: TestServer, session: SignedIn): Promise<number[]> {
  return [await meStatus(server, session), (await refresh(server, session)).status];
}

function waitUntilRefused(server: TestServer, session: SignedIn): Promise<unknown> {
  return waitFor(() => refusals(server, session), {
    describe: `${server.name} to refuse the session`,
    deadlineMs: 45_000,
    intervalMs: 200,
    until: (seen) => seen.join() === '401,401',
  });
}

function idOf({ token }: SignedIn): string {
  const [, claims = ''] = token.split('.');
  return (JSON.parse(Buffer.from(claims, 'base64url').toString()) as { jti: string }).jti;
}

async function isInDatabase(server: TestServer, session: SignedIn): Promise<boolean> {
  const rows = await server.postgres.query('SELECT FROM revoked_tokens WHERE jti = $1', [idOf(session)]);
  return rows.length === 1;
}

async function isInRedis(server: TestServer, session: SignedIn): Promise<boolean> {
  return (await server.redis.command('ZSCORE', 'proxpanel:revoked', idOf(session))) !== null;
}

/** What the server's own file says of the session: whether its database is known to have it; undefined: not there. */
function storedByFile(server: TestServer, session: SignedIn): boolean | undefined {
  const path = join(server.stateDirectory, 'revocations.json');
  const { revocations } = JSON.parse(readFileSync(path, 'utf8')) as { revocations: { jti: string; stored: boolean }[] };
  return revocations.find(({ jti }) => jti === idOf(session))?.stored;
}

test('a session of before the join goes on where it began and nowhere else; one that was ended stays ended', async () => {
  expect(await meStatus(secondary, formerGoing)).toBe(200);
  const renewed = await refresh(secondary, formerGoing);
  expect(renewed.status).toBe(200);
  expect(await meStatus(secondary, { ...formerGoing, token: renewed.body.token })).toBe(200);
  expect(await meStatus(main, { ...formerGoing, token: renewed.body.token })).toBe(401);
  // The clone has replaced the database that its end stood in.
  await waitFor(() => isInDatabase(main, formerEnded), { describe: 'main to be told of it' });
  expect(await refusals(secondary, formerEnded)).toEqual([401, 401]);
  await secondary.bff.restart();
  expect(await refusals(secondary, formerEnded)).toEqual([401, 401]);
});

test('a session begun on either server is good on both, and each renews it', async () => {
  for (const place of [main, secondary]) {
    const session = await signIn(place);
    for (const server of [main, secondary]) {
      expect(await meStatus(server, session)).toBe(200);
      const renewed = await refresh(server, session);
      expect(renewed.status).toBe(200);
      expect(await meStatus(server, { ...session, token: renewed.body.token })).toBe(200);
    }
  }
});

test('signing out on the secondary ends the session there at once and on main as soon, and both databases get it', async () => {
  const session = await signIn(secondary);
  const neighbour = await signIn(secondary);
  await signOut(secondary, session);
  expect(await refusals(secondary, session)).toEqual([401, 401]);
  // Main was told before the reply.
  expect(await refusals(main, session)).toEqual([401, 401]);
  expect(await isInDatabase(main, session)).toBe(true);
  await waitFor(async () => (await isInDatabase(secondary, session)) && (await isInRedis(secondary, session)), {
    describe: 'replication to bring it back',
  });
  await waitFor(() => storedByFile(secondary, session), { describe: 'the secondary to see that its database has it' });
  for (const server of [main, secondary]) expect(await meStatus(server, neighbour)).toBe(200);
});

test('a session ended on main is refused on the secondary within seconds', async () => {
  const session = await signIn(secondary);
  await signOut(main, session);
  expect(await refusals(main, session)).toEqual([401, 401]);
  await waitUntilRefused(secondary, session);
});

test('an emptied Redis revokes nothing less, also for servers that restart, and is filled again', async () => {
  const session = await signIn(main);
  await signOut(main, session);
  await main.redis.command('FLUSHALL');
  await waitFor(async () => !(await isInRedis(secondary, session)) || (await isInRedis(main, session)), {
    describe: 'the loss to reach the replica, or its repair to come first',
  });
  await Promise.all([main.bff.restart(), secondary.bff.restart()]);
  await Promise.all([waitUntilRefused(main, session), waitUntilRefused(secondary, session)]);
  await waitFor(async () => (await isInRedis(main, session)) && (await isInRedis(secondary, session)), {
    describe: 'Redis to hold it again',
  });
});

test('while main is away the secondary remembers what it ended over a restart, and tells main when it is back', async () => {
  const session = await signIn(secondary);
  await main.kill();
  await signOut(secondary, session);
  expect(await refusals(secondary, session)).toEqual([401, 401]);
  expect(storedByFile(secondary, session)).toBe(false);
  await secondary.bff.restart();
  // From the first request on: the file was read before it served.
  expect(await refusals(secondary, session)).toEqual([401, 401]);
  await main.start();
  await main.waitUntilUsable();
  await waitUntilRefused(main, session);
  await waitFor(() => isInDatabase(secondary, session), {
    describe: 'replication to bring it back',
    deadlineMs: 60_000,
  });
}, 240_000);

test('a session ended on main a second before main is killed stays ended on the secondary that is promoted; others go on', async () => {
  const [ended, going, idle] = [await signIn(main), await signIn(main), await signIn(secondary)];
  await signOut(main, ended);
  const signedOutAtMs = performance.now();
  await waitFor(() => performance.now() - signedOutAtMs >= 1_000, { describe: 'the second that the scenario has' });
  await main.kill();
  // With main dead, the local database and the token are enough.
  const renewed = await refresh(secondary, going);
  expect(renewed.status).toBe(200);
  expect(await meStatus(secondary, { ...going, token: renewed.body.token })).toBe(200);

  const panel = await secondary.panel().signIn();
  await waitUntilOffered(panel);
  const operation = await promote(panel, {});
  expect(operation.state, JSON.stringify(operation)).toBe('completed');
  expect(await refusals(secondary, ended)).toEqual([401, 401]);
  for (const session of [going, idle]) {
    expect(await meStatus(secondary, session)).toBe(200);
    expect((await refresh(secondary, session)).status).toBe(200);
  }
  const write = await secondary
    .panel()
    .post(
      '/api/subscribers',
      { username: 'by-an-old-session' },
      { headers: { authorization: `Bearer ${renewed.body.token}` } },
    );
  expect(write.status).toBe(201);
  await secondary.bff.restart();
  expect(await refusals(secondary, ended)).toEqual([401, 401]);
}, 240_000);

test('the old main, back and read-only, refuses what was ended while it was away', async () => {
  const session = await signIn(secondary);
  await signOut(secondary, session);
  await main.start();
  await waitUntilRefused(main, session);
}, 240_000);
