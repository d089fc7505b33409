/** Milliseconds of the machine's monotonic clock: one and the same for every process and namespace of this machine. */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1_000_000;
}
