/** For tests of any room: a real node.json in a directory of its own, a membership to put into it, a quiet log. */
import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Peer } from '@proxpanel/contracts/peer';
import { defaultClusterSettings } from '@proxpanel/contracts/settings';
import { untouchedByChanges, type Membership } from '../cluster/node-file.ts';
import type { LogPort, NodeFilePort } from '../cluster/ports.ts';
import { openNodeFile } from './node-file-store.ts';

export interface RecordedLine {
  readonly level: 'info' | 'warn' | 'error';
  readonly fields: object;
  readonly sentence: string;
}

/** A log that keeps what it is told. */
export function recordingLog(): LogPort & { readonly lines: RecordedLine[] } {
  const lines: RecordedLine[] = [];
  const at = (level: RecordedLine['level']) => (fields: object, sentence: string) => {
    lines.push({ level, fields, sentence });
  };
  return { lines, info: at('info'), warn: at('warn'), error: at('error') };
}

export interface TemporaryDirectory extends AsyncDisposable {
  readonly path: string;
}

export async function temporaryDirectory(): Promise<TemporaryDirectory> {
  const path = await mkdtemp(join(tmpdir(), 'proxpanel-bff-'));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

export interface TemporaryNodeFile extends AsyncDisposable {
  readonly stateDir: string;
  readonly file: NodeFilePort;
  /** As a restarted process would read it. */
  reopen(): Promise<NodeFilePort>;
}

export async function temporaryNodeFile(membership: Membership | null = null): Promise<TemporaryNodeFile> {
  const directory = await temporaryDirectory();
  const reopen = () => openNodeFile({ stateDir: directory.path, log: recordingLog() });
  const file = await reopen();
  if (membership !== null) await file.update((current) => ({ ...current, membership }));
  return { stateDir: directory.path, file, reopen, [Symbol.asyncDispose]: () => directory[Symbol.asyncDispose]() };
}

export function newSecret(): string {
  return randomBytes(32).toString('hex');
}

/** A main server, node 1, of a new cluster with nobody else in it. */
export function membershipOf(changes: Partial<Membership> = {}): Membership {
  return {
    cluster_id: randomUUID(),
    node_id: 1,
    display_name: 'DC1 Primary',
    role: 'main',
    is_active: true,
    secret: newSecret(),
    previous_secret: null,
    term: 1,
    main_node_id: 1,
    peers: [],
    removed_nodes: [],
    slot_name: null,
    settings: defaultClusterSettings,
    replication: { user: 'replicator', password: 'of-replicator' },
    redis_replication: { user: 'proxpanel_replica', password: 'of-redis' },
    promotions: [],
    ...untouchedByChanges,
    ...changes,
  };
}

export function peerOf(nodeId: number, changes: Partial<Peer> = {}): Peer {
  return {
    node_id: nodeId,
    server_id: randomUUID(),
    display_name: `Node ${nodeId}`,
    role: nodeId === 1 ? 'main' : 'secondary',
    status: 'online',
    address: '127.0.0.1',
    api_url: 'http://127.0.0.1',
    postgres_port: 5432,
    redis_port: 6379,
    ...changes,
  };
}
