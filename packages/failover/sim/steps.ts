/** The steps of the plans by name, as the model world performs them. */
import type { StepName } from '../src/plans.ts';
import type { Step } from './step.ts';
import { CANDIDATE_STEPS } from './steps-candidate.ts';
import { MAIN_STEPS } from './steps-main.ts';
import { PROMOTION_STEPS } from './steps-promotion.ts';

export const STEPS: Readonly<Partial<Record<StepName, Step>>> = {
  ...MAIN_STEPS,
  ...CANDIDATE_STEPS,
  ...PROMOTION_STEPS,
};
