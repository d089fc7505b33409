/** Makes setup_replica.sh, which turns a server into main's replica (DESIGN §6.5). */
import { bash } from './bash-template.ts';
import { joinStepsFragment } from './fragment-steps-join.ts';
import { joinUsageFragment } from './fragment-usage.ts';
import { renderScript, type ScriptInput } from './render-script.ts';

/** The text of setup_replica.sh; see renderScript. */
export function renderSetupReplicaScript(input: ScriptInput): string {
  return renderScript(
    {
      name: 'setup_replica.sh',
      heading,
      values: { ASIDE_LABEL: 'join', NO_SLOT_REMEDY: 'join this server again from its panel page.' },
      usage: joinUsageFragment,
      steps: joinStepsFragment,
    },
    input,
  );
}

const heading = bash`
#!/usr/bin/env bash
# Turns this server's PostgreSQL into a replica of the cluster's main server.
# Run it as root or as the owner of PostgreSQL's data; --help says the rest.
set -Eeuo pipefail
`;
