/** Numbers that come again with the same seed (mulberry32): a round that fails can be played once more. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** At least 0 and below `limit`. */
  below(limit: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * limit;
  }

  pick<Item>(items: readonly Item[]): Item {
    const item = items[Math.floor(this.below(items.length))];
    if (item === undefined) throw new RangeError('there is nothing to pick from');
    return item;
  }
}
