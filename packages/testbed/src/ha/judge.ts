/** What writers' acknowledgements alone say about an event: how long nobody could write, what was lost, who else answered. */

/** One row that a server has promised to keep. */
export interface Acknowledgement {
  /** Never used twice, also when a row's fate is unknown. */
  id: string;
  /** Which server said yes. */
  server: string;
  /** `monotonicMs` just before the statement was sent, and just after its answer was heard. */
  sentMs: number;
  heardMs: number;
}

export interface Gap {
  /** The longest interval without an acknowledgement; Infinity when none came after the event. */
  gapMs: number;
  /** When the first acknowledgement after that interval was heard, by the event's clock. */
  endedAfterMs: number;
}

/** The longest interval without an acknowledgement that ends after the event. */
export function findWriteGap(acks: readonly Acknowledgement[], eventMs: number): Gap {
  const heard = acks.map(({ heardMs }) => heardMs).sort((one, other) => one - other);
  const before = heard.findLast((ms) => ms <= eventMs) ?? eventMs;
  let longest: Gap = { gapMs: Infinity, endedAfterMs: Infinity };
  let last = before;
  for (const ms of heard.filter((each) => each > eventMs)) {
    if (longest.gapMs === Infinity || ms - last > longest.gapMs) {
      longest = { gapMs: ms - last, endedAfterMs: ms - eventMs };
    }
    last = ms;
  }
  return longest;
}

/** Whole seconds, counted from `fromMs`, in which nobody acknowledged anything. */
export function countSilentSeconds(acks: readonly Acknowledgement[], fromMs: number, untilMs: number): number {
  const seconds = Math.floor((untilMs - fromMs) / 1_000);
  const heard = new Set(acks.map(({ heardMs }) => Math.floor((heardMs - fromMs) / 1_000)));
  return Array.from({ length: seconds }, (_, second) => second).filter((second) => !heard.has(second)).length;
}

export interface Overlap {
  /** Seconds, counted from the later server's first acknowledgement, in which the earlier one acknowledged as well. */
  seconds: number;
  /** From the later server's first acknowledgement to the earlier one's last; 0 when that one was silent by then. */
  overlapMs: number;
  rows: number;
}

/**
 * Moments in which two servers were main. After the event each server's acknowledgements may only follow, never mix with
 * another's: any one that a server gives after another has begun counts, which is stricter than two in the same second.
 */
export function findOverlap(acks: readonly Acknowledgement[], eventMs: number): Overlap {
  const after = acks.filter(({ heardMs }) => heardMs > eventMs).sort((one, other) => one.heardMs - other.heardMs);
  const seconds = new Set<number>();
  let overlapMs = 0;
  let rows = 0;
  let begunMs = 0;
  const ended = new Set<string>();
  let current: string | undefined;
  for (const { server, heardMs } of after) {
    if (ended.has(server)) {
      seconds.add(Math.floor((heardMs - begunMs) / 1_000));
      overlapMs = heardMs - begunMs;
      rows += 1;
    } else if (server !== current) {
      if (current !== undefined) ended.add(current);
      current = server;
      begunMs = heardMs;
    }
  }
  return { seconds: seconds.size, overlapMs, rows };
}

export interface CutOff {
  /** How many rows the server acknowledged after the event. */
  rows: number;
  /** When the last of them was heard, after the event; 0 when there was none. */
  endedAfterMs: number;
  /** How many of them the final main does not have. */
  lost: number;
}

/** What one server still acknowledged after it had been cut off. */
export function findCutOffRows(
  acks: readonly Acknowledgement[],
  { server, eventMs, kept }: { server: string; eventMs: number; kept: ReadonlySet<string> },
): CutOff {
  const late = acks.filter((ack) => ack.server === server && ack.heardMs > eventMs);
  return {
    rows: late.length,
    endedAfterMs: Math.max(0, ...late.map(({ heardMs }) => heardMs - eventMs)),
    lost: late.filter(({ id }) => !kept.has(id)).length,
  };
}

/** Acknowledged rows that the final main does not have. */
export function findLostRows(acks: readonly Acknowledgement[], kept: ReadonlySet<string>): Acknowledgement[] {
  return acks.filter(({ id }) => !kept.has(id));
}

/** How often another server than the one before said yes: more often than main changed, and two took turns. */
export function countTurns(acks: readonly Acknowledgement[]): number {
  const heard = acks.toSorted((one, other) => one.heardMs - other.heardMs);
  return heard.filter(({ server }, index) => index > 0 && server !== heard[index - 1]?.server).length;
}
