/** What goes wrong, and what people do, as data. */
import type { StepName } from '../src/plans.ts';
import { durationInWords } from '../src/words.ts';

export type Fault =
  /** 0 is the arbiter; one way from the first to the second, or both. */
  | {
      readonly kind: 'cut';
      readonly from: number;
      readonly to: number;
      readonly oneWay: boolean;
      readonly forMs: number;
    }
  | { readonly kind: 'lossy'; readonly rate: number; readonly forMs: number }
  | { readonly kind: 'arbiter_down'; readonly forMs: number }
  | { readonly kind: 'arbiter_forgets' }
  /** The state of `agoMs` ago is put back. */
  | { readonly kind: 'arbiter_restored'; readonly agoMs: number }
  | { readonly kind: 'panel_killed'; readonly node: number; readonly forMs: number }
  | { readonly kind: 'panel_hung'; readonly node: number; readonly forMs: number }
  | { readonly kind: 'suspended'; readonly node: number; readonly forMs: number }
  | { readonly kind: 'power_cut'; readonly node: number; readonly forMs: number }
  | { readonly kind: 'database_killed'; readonly node: number; readonly forMs: number }
  | { readonly kind: 'signal_removed'; readonly node: number }
  | { readonly kind: 'clock_jumps'; readonly node: number; readonly byMs: number }
  | { readonly kind: 'hold'; readonly node: number; readonly forMs: number }
  | { readonly kind: 'updated'; readonly node: number; readonly version: string }
  | { readonly kind: 'receives_slowly'; readonly node: number; readonly forMs: number }
  /** Of whoever is main then; null: of nobody, and nothing happens. */
  | { readonly kind: 'switchover'; readonly to: number }
  | { readonly kind: 'removed'; readonly node: number }
  /** An admin runs rejoin.sh there. */
  | { readonly kind: 'repaired'; readonly node: number }
  /** The next time that this server's operation comes to this step, that befalls it there. */
  | {
      readonly kind: 'trap';
      readonly node: number;
      readonly step: StepName;
      readonly then: TrapKind;
      readonly forMs: number;
    }
  | { readonly kind: 'sync_switched'; readonly on: boolean };

export type TrapKind = 'panel_killed' | 'panel_hung' | 'suspended' | 'power_cut';

export interface PlannedFault {
  readonly atMs: number;
  readonly fault: Fault;
}

/** One line for a reader who does not know the code. */
export function describeFault(fault: Fault): string {
  const time = 'forMs' in fault ? ` for ${durationInWords(fault.forMs)}` : '';
  const server = 'node' in fault ? `server ${String(fault.node)}` : '';
  switch (fault.kind) {
    case 'cut':
      return fault.oneWay
        ? `nothing gets from ${place(fault.from)} to ${place(fault.to)}${time}`
        : `the link between ${place(fault.from)} and ${place(fault.to)} is cut${time}`;
    case 'lossy':
      return `${String(Math.round(fault.rate * 100))} % of all messages are lost${time}`;
    case 'arbiter_down':
      return `the arbiter is down${time}`;
    case 'arbiter_forgets':
      return 'the arbiter loses its data';
    case 'arbiter_restored':
      return 'an older state of the arbiter is put back';
    case 'panel_killed':
      return `the panel of ${server} is killed, and stays away${time}`;
    case 'panel_hung':
      return `the panel of ${server} hangs${time}; its PostgreSQL runs on`;
    case 'suspended':
      return `the machine of ${server} is suspended${time}`;
    case 'power_cut':
      return `${server} loses its power${time}`;
    case 'database_killed':
      return `PostgreSQL of ${server} is killed, and started by nobody else${time}`;
    case 'signal_removed':
      return `somebody removes standby.signal from ${server}`;
    case 'clock_jumps':
      return `the wall clock of ${server} jumps by ${fault.byMs < 0 ? '-' : '+'}${durationInWords(Math.abs(fault.byMs))}`;
    case 'hold':
      return `an admin holds automatic failover on ${server}${time}`;
    case 'updated':
      return `${server} is updated to version ${fault.version}`;
    case 'receives_slowly':
      return `no WAL arrives at ${server}${time}, though its connection lives`;
    case 'switchover':
      return `an admin makes server ${String(fault.to)} the main one (switchover)`;
    case 'removed':
      return `an admin removes ${server} from the cluster`;
    case 'repaired':
      return `an admin runs rejoin.sh on ${server}`;
    case 'sync_switched':
      return `durability is set to ${fault.on ? 'sync' : 'async'}`;
    case 'trap':
      return `${server} will meet ${fault.then.replace('_', ' ')}${time} at its step ${fault.step}`;
  }
}

export function place(id: number): string {
  return id === 0 ? 'the arbiter' : `server ${String(id)}`;
}
