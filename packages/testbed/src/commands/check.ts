/** `npm run check`: types, lint, formatting, rooms, unused code and shell scripts; what fails shows its output. */
import { runChecks } from './checks.ts';
import { abortOnSignals, formatDuration } from './steps.ts';

const results = await runChecks(({ name, ok, output, durationMs }) => {
  process.stdout.write(`${ok ? 'ok    ' : 'FAILED'} ${name} (${formatDuration(durationMs)})\n`);
  if (!ok) process.stdout.write(`${output.trim()}\n\n`);
}, abortOnSignals());
process.exitCode = results.every(({ ok }) => ok) ? 0 : 1;
