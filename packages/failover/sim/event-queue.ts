/** What is to happen, in the order of its instants; of two at the same instant, the one that was planned first. */
export interface EventQueue {
  push(atMs: number, run: () => void): void;
  /** The next event, taken out; undefined: none. */
  pop(): PlannedEvent | undefined;
}

export interface PlannedEvent {
  readonly atMs: number;
  readonly sequence: number;
  readonly run: () => void;
}

/** A binary heap: thousands of events for each schedule, ten thousand schedules. */
export function createEventQueue(): EventQueue {
  const heap: PlannedEvent[] = [];
  let sequence = 0;
  return {
    push(atMs, run) {
      sequence += 1;
      heap.push({ atMs, sequence, run });
      rise(heap, heap.length - 1);
    },
    pop() {
      const first = heap[0];
      const last = heap.pop();
      if (first === undefined || last === undefined) return undefined;
      if (heap.length > 0) {
        heap[0] = last;
        sink(heap);
      }
      return first;
    },
  };
}

function isBefore(one: PlannedEvent | undefined, other: PlannedEvent | undefined): boolean {
  if (one === undefined || other === undefined) return one !== undefined;
  return one.atMs < other.atMs || (one.atMs === other.atMs && one.sequence < other.sequence);
}

function swap(heap: PlannedEvent[], left: number, right: number): void {
  const [one, other] = [heap[left], heap[right]];
  if (one === undefined || other === undefined) return;
  heap[left] = other;
  heap[right] = one;
}

function rise(heap: PlannedEvent[], from: number): void {
  let index = from;
  while (index > 0) {
    const parent = (index - 1) >> 1;
    if (!isBefore(heap[index], heap[parent])) return;
    swap(heap, index, parent);
    index = parent;
  }
}

function sink(heap: PlannedEvent[]): void {
  let index = 0;
  for (;;) {
    const left = 2 * index + 1;
    const child = isBefore(heap[left + 1], heap[left]) ? left + 1 : left;
    if (!isBefore(heap[child], heap[index])) return;
    swap(heap, index, child);
    index = child;
  }
}
