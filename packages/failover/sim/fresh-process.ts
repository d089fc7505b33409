import { emptyMemory } from '../src/observation.ts';
import { bootMs } from './schedule-event.ts';
import type { PeerMemory, SimNode, SimProcess, World } from './world-types.ts';

/** What a process knows at its start: nothing. */
export function freshProcess(world: World, node: SimNode, incarnation: number): SimProcess {
  return {
    state: 'running',
    incarnation,
    startedMs: world.config.mutant === 'just_started' ? -1e9 : bootMs(world, node),
    memory: emptyMemory,
    lease: null,
    gateOpen: false,
    peers: new Map(node.file.peers.map((id) => [id, freshPeer()])),
    arbiter: { heardMs: null, silent: false, view: null, forgotMs: null },
    busy: new Set(),
    databaseState: '',
    databaseSinceMs: bootMs(world, node),
    startTried: false,
    step: 0,
    stepRunning: false,
    rules: '',
    sentence: '',
    blockerCount: 0,
    promotionRows: null,
    endedMs: null,
  };
}

export function freshPeer(): PeerMemory {
  return {
    status: null,
    statusAskedMs: null,
    heardMs: null,
    failedMs: null,
    databaseAnsweredMs: null,
    databaseFailedMs: null,
    promiseAskedMs: null,
    confirmsMain: null,
    confirmAskedMs: null,
  };
}
