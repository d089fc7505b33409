import { inProcess } from './schedule-event.ts';
import type { SimNode, SimOperation, World } from './world-types.ts';

const POLL_MS = 60;

/** Looks again and again until `look` says that it is over, or the operation is no longer the one that runs. */
export function poll(world: World, node: SimNode, operation: SimOperation, look: () => boolean): void {
  const { step } = node.process;
  const again = (): void => {
    if (node.file.operation !== operation || node.process.step !== step || !node.process.stepRunning) return;
    if (!look()) inProcess(world, node, POLL_MS, again);
  };
  again();
}
