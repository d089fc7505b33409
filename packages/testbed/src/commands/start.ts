/**
 * `npm start` (DESIGN §12): two servers on this machine, joined and streaming, until Ctrl-C.
 *
 *   npm start -- --fresh     both standalone, to click through
 *   npm start -- --json      one line of JSON on standard output, once ready; all else goes to standard error
 */
import { Command } from 'commander';
import { describeDemo, openDemo, untilAsked } from './demo.ts';
import { abortOnSignals } from './steps.ts';

const options = new Command('start')
  .option('--fresh', 'leave both servers standalone')
  .option('--json', 'print one line of JSON when ready')
  .parse()
  .opts<{ fresh?: true; json?: true }>();

process.exitCode = await main();

async function main(): Promise<number> {
  const signal = abortOnSignals();
  const say = (line: string) => process.stderr.write(`${line}\n`);
  try {
    await using testbed = await openDemo({ fresh: options.fresh ?? false, say, signal });
    const demo = await describeDemo(testbed);
    if (options.json) process.stdout.write(`${JSON.stringify(demo)}\n`);
    say('');
    for (const server of demo.servers) {
      say(`${server.name}  ${server.url}/settings/cluster  ${server.role}`);
      say(`          PostgreSQL ${server.postgres_url}`);
      say(`          Redis      ${server.redis_url}`);
    }
    say(`\nSign in as ${demo.admin.username} with ${demo.admin.password}\nCtrl-C stops and removes everything.`);
    await untilAsked(signal);
    say('\nStopping');
  } catch (error) {
    if (!signal.aborted) throw error;
    return 130;
  }
  return 0;
}
