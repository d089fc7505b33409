/** One operation that changes membership or roles at a time; a second one is told which (code BUSY). */
import { Fault } from '../fault.ts';

export interface OperationLock {
  /** What runs now, as a noun phrase ("a join"), or null. */
  running(): string | null;
  /** Runs `work` alone. BUSY when another operation runs. */
  run<T>(name: string, work: () => Promise<T>): Promise<T>;
}

export function createOperationLock(): OperationLock {
  let running: string | null = null;
  return {
    running: () => running,
    async run(name, work) {
      if (running !== null)
        throw new Fault('BUSY', `This server is busy with ${running}; try again when it has ended.`);
      running = name;
      try {
        return await work();
      } finally {
        running = null;
      }
    },
  };
}
