/** Makes rejoin.sh, which turns an old main that has diverged into the new main's replica (SAFETY §2, DESIGN §8). */
import type { Divergence } from '@proxpanel/contracts/change-of-main';
import { bash } from './bash-template.ts';
import { rejoinStepsFragment } from './fragment-steps-rejoin.ts';
import { rejoinUsageFragment } from './fragment-usage.ts';
import { renderScript, type ScriptInput } from './render-script.ts';

export interface RejoinScriptInput extends ScriptInput {
  /** `base_backup` never uses pg_rewind: the timeline number is the same under another promotion. */
  readonly repair: Divergence['repair'];
}

/** The text of rejoin.sh; see renderScript. */
export function renderRejoinScript(input: RejoinScriptInput): string {
  return renderScript(
    {
      name: 'rejoin.sh',
      heading,
      values: { ASIDE_LABEL: 'rejoin', REPAIR: input.repair, NO_SLOT_REMEDY: noSlotRemedy },
      usage: rejoinUsageFragment,
      steps: rejoinStepsFragment,
    },
    input,
  );
}

const noSlotRemedy =
  "main's panel makes it again by itself within a minute when it can reach its database; then get a new script.";

const heading = bash`
#!/usr/bin/env bash
# Turns an old main server, whose history differs from the new main's, into the new main's replica.
# Run it as root or as the owner of PostgreSQL's data; --help says the rest.
set -Eeuo pipefail
`;
