import type { SimNode, SimOperation, World } from './world-types.ts';

export type StepResult = 'done' | 'skipped' | 'granted' | 'failed' | 'taken_back';
export type Settle = (result: StepResult) => void;
export type Step = (world: World, node: SimNode, operation: SimOperation, settle: Settle) => void;
