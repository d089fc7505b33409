/**
 * The two ways into the local PostgreSQL: as superuser for the cluster's adapters, as the panel's own role for the rest
 * (DESIGN §4). A join replaces all roles by main's, so each has more than one login, tried in their order.
 */
import { parseIntoClientConfig } from 'pg-connection-string';
import type { LogPort, NodeFilePort } from '../cluster/ports.ts';
import { createDatabasePool } from './pool.ts';
import type { DatabasePool, Target } from './pool.ts';

/** The panel's own role where PANEL_DATABASE_URL names none: not a superuser, owner of nothing. */
export const PANEL_ROLE = 'proxpanel_panel';

const HUSH_LIMIT_MS = 500;

export interface ConnectionOptions {
  /** DATABASE_URL: a superuser of the local server. */
  readonly databaseUrl: string;
  /** PANEL_DATABASE_URL, if given. */
  readonly panelDatabaseUrl: string | null;
  readonly nodeFile: NodeFilePort;
  readonly log: LogPort;
}

export interface Connections {
  /** Superuser; commits never wait for a synchronous standby. */
  readonly cluster: DatabasePool;
  /** The panel's role. */
  readonly panel: DatabasePool;
  /** Logins of the superuser pool, for a connection outside of it. */
  readonly clusterTargets: () => readonly Target[];
  /** Role named by PANEL_DATABASE_URL; null without one. */
  readonly givenPanelRole: string | null;
  /** True while nothing of this process may connect: PostgreSQL is being stopped, and waits for each one to end. */
  readonly isHushed: () => boolean;
  /** Makes it so, and ends what lies idle; resolves with what takes it back. Half a second is waited at most. */
  hush(): Promise<() => void>;
  close(): Promise<void>;
}

/** Makes both pools; connects to nothing yet. A change of logins in node.json is followed at once. */
export function createConnections(options: ConnectionOptions): Connections {
  const { nodeFile, log } = options;
  const main = targetOf(options.databaseUrl);
  const panel = options.panelDatabaseUrl === null ? null : targetOf(options.panelDatabaseUrl);

  const clusterTargets = (): Target[] => {
    const login = nodeFile.get().cluster_database;
    return login === null ? [main] : [main, { ...main, ...login }];
  };
  const panelTargets = (): Target[] => {
    const login = nodeFile.get().panel_database;
    return [...(panel === null ? [] : [panel]), ...(login === null ? [] : [{ ...main, ...login }])];
  };
  let hushed = false;
  const isHushed = (): boolean => hushed;
  const pools = {
    cluster: createDatabasePool({
      applicationName: 'proxpanel-cluster',
      targets: clusterTargets,
      noTargetSentence: 'DATABASE_URL names no login.',
      max: 5,
      commitLocally: true,
      isHushed,
      log,
    }),
    panel: createDatabasePool({
      applicationName: 'proxpanel-panel',
      targets: panelTargets,
      noTargetSentence: "The panel's own database role has not been made yet: PostgreSQL was not writable until now.",
      max: 10,
      isHushed,
      log,
    }),
  };
  const stopFollowing = nodeFile.onChange(() => {
    pools.cluster.refresh();
    pools.panel.refresh();
  });
  return {
    ...pools,
    clusterTargets,
    givenPanelRole: panel?.user ?? null,
    isHushed,
    async hush() {
      hushed = true;
      await Promise.all([pools.cluster.endIdle(HUSH_LIMIT_MS), pools.panel.endIdle(HUSH_LIMIT_MS)]);
      return () => {
        hushed = false;
      };
    },
    async close() {
      stopFollowing();
      await Promise.all([pools.cluster.close(), pools.panel.close()]);
    },
  };
}

/** Host, port, database, login and TLS of a postgres URL; what else it says (application_name, time-outs) is ours to set. */
function targetOf(url: string): Target {
  const { host, port, database, user, password, ssl } = parseIntoClientConfig(url);
  return Object.fromEntries(
    Object.entries({ host, port, database, user, password, ssl }).filter(([, value]) => value !== undefined),
  );
}
