/** Clients that add subscribers by the panel of whichever server is main, and judge every answer that they are given. */
import { setTimeout as delay } from 'node:timers/promises';
import { errorReplySchema } from '@proxpanel/contracts/error-codes';
import type { PanelClient, PanelReply } from '@proxpanel/testbed/panel-client';
import type { TestServer } from '@proxpanel/testbed/server';

export interface FollowingWriters {
  /** User names whose subscriber was acknowledged: by a 201, or by a 409 after an attempt whose outcome nobody knew. */
  readonly acknowledged: ReadonlySet<string>;
  /** User names that were refused each time that they were sent, and given up. */
  readonly refused: ReadonlySet<string>;
  /** How often each status and code came; `connection` where no answer came. */
  readonly answers: ReadonlyMap<string, number>;
  /** Answers that nobody may be given, with what was sent. */
  readonly violations: readonly string[];
  /** How many were acknowledged by each server. */
  readonly byServer: ReadonlyMap<TestServer, number>;
  stop(): Promise<void>;
}

export interface FollowingOptions {
  readonly panels: ReadonlyMap<TestServer, PanelClient>;
  readonly clients: number;
  readonly prefix: string;
}

const pauseMs = 20;
/** Every second client gives a refused name up: whether it is absent afterwards can be told of no other. */
const isPatient = (client: number): boolean => client % 2 === 0;

type Outcome = 'acknowledged' | 'refused' | 'unknown' | 'violation';

export function startFollowingWriters({ panels, clients, prefix }: FollowingOptions): FollowingWriters {
  const servers = [...panels.keys()];
  const acknowledged = new Set<string>();
  const refused = new Set<string>();
  const answers = new Map<string, number>();
  const violations: string[] = [];
  const byServer = new Map<TestServer, number>();
  let stopped = false;

  const add = async (panel: PanelClient, username: string) => {
    try {
      return await panel.post('/api/subscribers', { username });
    } catch {
      return null;
    }
  };

  /** Sends one name until it is acknowledged, or refused to a client that has no patience. */
  const settle = async (client: number, username: string, at: TestServer): Promise<TestServer> => {
    let server = at;
    let wasUnknown = false;
    for (;;) {
      const panel = panels.get(server);
      if (panel === undefined) throw new Error(`${server.name} has no panel`);
      const reply = await add(panel, username);
      const answer = describeAnswer(reply);
      answers.set(answer, (answers.get(answer) ?? 0) + 1);
      const outcome = judge(reply, wasUnknown);
      if (outcome === 'violation') violations.push(`${username} on ${server.name}: ${answer} ${bodyOf(reply)}`);
      if (outcome === 'acknowledged') {
        acknowledged.add(username);
        byServer.set(server, (byServer.get(server) ?? 0) + 1);
      }
      if (outcome === 'acknowledged' || outcome === 'violation') return server;
      wasUnknown ||= outcome === 'unknown';
      server = nextServer(servers, server, reply);
      if (!wasUnknown && !isPatient(client)) refused.add(username);
      if (stopped || !isPatient(client)) return server;
      await delay(pauseMs);
    }
  };

  const run = async (client: number): Promise<void> => {
    let server = servers[client % servers.length];
    for (let number = 1; !stopped && server !== undefined; number += 1) {
      server = await settle(client, `${prefix}-${String(client)}-${String(number)}`, server);
      await delay(pauseMs);
    }
  };
  const running = Promise.all(Array.from({ length: clients }, (_, client) => run(client)));
  return {
    ...{ acknowledged, refused, answers, violations, byServer },
    async stop() {
      stopped = true;
      await running;
    },
  };
}

/**
 * What the client knows of its row after this answer. 503 is a refusal, and nothing was written, unless it says that
 * the outcome is unknown; so is it when no answer came, since a process that ends may have done the work.
 */
function judge(reply: PanelReply | null, wasUnknown: boolean): Outcome {
  if (reply === null) return 'unknown';
  if (reply.status === 201) return 'acknowledged';
  const body = errorReplySchema.safeParse(reply.body);
  if (!body.success) return 'violation';
  const { code, reasons } = body.data;
  if (reply.status === 409 && code === 'DUPLICATE') return wasUnknown ? 'acknowledged' : 'violation';
  // A process that has just been started, or is being ended, says so.
  if (reply.status !== 503 || !['READ_ONLY', 'DATABASE_DOWN', 'STARTING', 'SHUTTING_DOWN'].includes(code)) {
    return 'violation';
  }
  return reasons?.some((reason) => reason.code === 'outcome_unknown') === true ? 'unknown' : 'refused';
}

/** The one that X-Main-Server names, else the other one. */
function nextServer(servers: readonly TestServer[], current: TestServer, reply: PanelReply | null): TestServer {
  const named = servers.find(({ url }) => url === reply?.headers['x-main-server']);
  const other = servers.find((server) => server !== current);
  return named ?? other ?? current;
}

function describeAnswer(reply: PanelReply | null): string {
  if (reply === null) return 'connection';
  const body = errorReplySchema.safeParse(reply.body);
  return body.success ? `${String(reply.status)} ${body.data.code}` : String(reply.status);
}

function bodyOf(reply: PanelReply | null): string {
  return JSON.stringify(reply?.body ?? null).slice(0, 300);
}
