/**
 * What this process has seen since it started: heartbeats, probes, measurements. Nothing in here is needed to be safe;
 * after a restart it is empty and fills again (what must survive is in node.json).
 */
import type { CloneProgress } from '@proxpanel/contracts/script';
import type { Operation } from '@proxpanel/contracts/operations';
import type { PeerStatusReply } from '@proxpanel/contracts/peer';
import type { LsnSample } from '@proxpanel/failover/lag';
import type { WalPositions } from './ports.ts';

export interface ProbeMemory {
  readonly lastGoodAtMs: number | null;
  readonly lastFailedAtMs: number | null;
  readonly lastFailure: string | null;
  readonly reply: PeerStatusReply | null;
}

export interface Resources {
  readonly cpuPercent: number | null;
  readonly memoryPercent: number | null;
  readonly diskPercent: number | null;
  readonly subscriberCount: number | null;
}

export interface ClusterMemory {
  /** On main: when each secondary's last heartbeat came in, by node id, and whether it said that it clones. */
  readonly heartbeats: Map<number, { readonly atMs: number; readonly cloning: boolean }>;
  readonly probes: Map<number, ProbeMemory>;
  /** On main: the nodes whose last event said that they are offline. */
  readonly calledOffline: Set<number>;
  /** On a secondary: main's answer to the last heartbeat that it answered. */
  mainWriteLsn: { readonly lsn: bigint; readonly atMs: number } | null;
  lastHeartbeatSentOkAtMs: number | null;
  lastHeartbeatFailure: string | null;
  cloneOfThisServer: CloneProgress | null;
  resources: Resources;
  positions: WalPositions | null;
  /** The end of WAL as main has it: its own on main, the reported one on a secondary. Lag in seconds is read off it. */
  lsnHistory: readonly LsnSample[];
  operation: Operation | null;
  /** Faults of the periodic assertions, by name, shown as notices until they pass. */
  readonly standingFaults: Map<string, string>;
}

export function createClusterMemory(): ClusterMemory {
  return {
    heartbeats: new Map(),
    probes: new Map(),
    calledOffline: new Set(),
    mainWriteLsn: null,
    lastHeartbeatSentOkAtMs: null,
    lastHeartbeatFailure: null,
    cloneOfThisServer: null,
    resources: { cpuPercent: null, memoryPercent: null, diskPercent: null, subscriberCount: null },
    positions: null,
    lsnHistory: [],
    operation: null,
    standingFaults: new Map(),
  };
}
