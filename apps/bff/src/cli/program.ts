/** `proxpanel-cluster`: what is done on the host rather than on the page, with the panel running or stopped. */
import { Command, CommanderError } from 'commander';
import { EnvironmentFault, type Environment } from '../environment.ts';
import { Fault } from '../fault.ts';
import { addUser } from './add-user.ts';
import { actorOfHost, becomeOwnerOf, readCliEnvironment } from './cli-environment.ts';
import { openPanel, type OpenPanel } from './open-panel.ts';
import { runClaimMain, type ClaimOptions } from './run-claim-main.ts';
import { runDemote, type DemoteOptions } from './run-demote.ts';
import { runHold, type HoldOptions } from './run-hold.ts';
import { runPromote, type PromoteOptions } from './run-promote.ts';
import { runRadius, type RadiusOptions } from './run-radius.ts';
import { runRejoin, type RejoinOptions } from './run-rejoin.ts';
import { runSeed, type SeedOptions } from './run-seed.ts';
import { runStatus } from './run-status.ts';
import { createTerminal } from './terminal.ts';
import { wholeNumber } from './whole-number.ts';

/** A refusal or a failure of what was asked for; a status's own codes are 0, 1 and 2. */
const refused = 1;
/** Wrong usage, or nothing could be asked. */
const unusable = 3;

const terminal = createTerminal();
let exitCode = 0;
let asksStatus = false;

const program = new Command('proxpanel-cluster')
  .description('ProxPanel HA Cluster on this server, with its panel running or stopped.')
  .option('--env-file <file>', "the panel's variables; default: the shell's, else /etc/proxpanel/env or panel.env")
  .option('--verbose', 'with the panel stopped: what it would log, on standard error', false)
  .exitOverride();

/** Opens the panel, does the work with it and closes it again, whatever comes of it. */
async function withPanel<Result>(
  name: string,
  work: (panel: OpenPanel, environment: Environment) => Promise<Result>,
): Promise<Result> {
  const { envFile, verbose } = program.opts<{ envFile?: string; verbose: boolean }>();
  const actor = actorOfHost();
  const environment = readCliEnvironment(envFile);
  becomeOwnerOf(environment.stateDir);
  const panel = await openPanel({ environment, actor, program: `proxpanel-cluster ${name}`, verbose });
  let done = false;
  try {
    const result = await work(panel, environment);
    done = true;
    return result;
  } finally {
    const { leaseExtended } = await panel.close();
    if (leaseExtended)
      terminal.say('The lease lasts for another 120 s: start the panel before that, or writes are shut.');
    else if (done && !panel.runs && name !== 'status') terminal.say('The panel is stopped on this server: start it.');
  }
}

program
  .command('status')
  .description('exit code 0: well; 1: degraded; 2: no main that takes writes is known')
  .option('--json', "the API's status")
  .action(async (options: { json?: boolean }) => {
    asksStatus = true;
    exitCode = await withPanel('status', (panel) => runStatus(panel, terminal, options));
  });

program
  .command('promote')
  .description('on a secondary: make it main; on a main: hand over to the secondary, or go on where it waits read-only')
  .option('--emergency', 'main is lost: promote this secondary')
  .option('--switchover', 'planned, main alive, nothing lost')
  .option('--without-arbiter', 'emergency: although the arbiter does not answer')
  .option('--confirm <name>', 'the name that would have to be typed')
  .option('--reason <text>', 'kept with the event')
  .option('--yes', 'ask no question but the name')
  .action((options: PromoteOptions) => withPanel('promote', (panel) => runPromote(panel, terminal, options)));

program
  .command('demote')
  .description('shut the writes of this main without promoting anybody, until `promote`')
  .option('--confirm <name>', 'the name of this server, which would have to be typed')
  .option('--reason <text>', 'kept with the event')
  .option('--yes', 'do not ask')
  .action((options: DemoteOptions) => withPanel('demote', (panel) => runDemote(panel, terminal, options)));

program
  .command('hold')
  .description('suspend automatic failover on all servers for a while')
  .option('--for <time>', 'such as 30m, 2h, 1d; at most 7 days')
  .option('--reason <text>', 'why')
  .option('--end', 'end the hold')
  .action((options: HoldOptions) => withPanel('hold', (panel) => runHold(panel, terminal, options)));

program
  .command('claim-main')
  .description('"I am the only main": a main that waits read-only goes on by your word')
  .option('--confirm <name>', 'the name of this server, which would have to be typed')
  .option('--reason <text>', 'kept with the event')
  .action((options: ClaimOptions) => withPanel('claim-main', (panel) => runClaimMain(panel, terminal, options)));

program
  .command('rejoin')
  .description('write rejoin.sh, the repair of an old main that has parted from the new one')
  .option('--run', 'run it, too')
  .option('--yes', 'do not ask')
  .action((options: RejoinOptions) =>
    withPanel('rejoin', (panel, environment) => runRejoin(panel, terminal, environment, options)),
  );

program
  .command('radius')
  .description("write FreeRADIUS' configuration for this server; run it again after servers have joined or gone")
  .requiredOption('--directory <dir>', 'where it is written, and where `freeradius -d` finds it')
  .option('--spool <dir>', 'where accounting waits until main has it', '/var/spool/proxpanel-radius')
  .option('--port <port>', 'for authentication (UDP)', '1812')
  .option('--accounting-port <port>', 'for accounting (UDP); default: the next one')
  .action((options: RadiusOptions) =>
    runRadius(readCliEnvironment(program.opts<{ envFile?: string }>().envFile), terminal, options),
  );

program
  .command('user')
  .description('users of the panel')
  .command('add')
  .argument('<name>', 'user name')
  .requiredOption('--role <role>', 'admin or reseller')
  .description('adds a user; the password is read from standard input, or made and printed once')
  .action(async (name: string, options: { role: string }) => {
    await addUser(readCliEnvironment(program.opts<{ envFile?: string }>().envFile), name, options.role);
  });

program
  .command('seed')
  .description('fills the panel with made-up services, resellers and subscribers, to try it at any size')
  .requiredOption('--subscribers <count>', 'how many made-up ones there are afterwards', wholeNumber)
  .option('--seed <number>', 'another seed gives other subscribers', wholeNumber, 1)
  .option('--beside-real-ones', 'although the panel has subscribers that were not made up', false)
  .action(async (options: SeedOptions) => {
    const environment = readCliEnvironment(program.opts<{ envFile?: string }>().envFile);
    await runSeed(environment, terminal, actorOfHost(), options);
  });

/** One sentence for what is expected; a defect says its name and nothing that could hold a secret. */
function explain(error: unknown): void {
  if (error instanceof CommanderError) {
    exitCode = error.exitCode === 0 ? 0 : unusable;
    return;
  }
  exitCode = asksStatus || error instanceof EnvironmentFault ? unusable : refused;
  if (error instanceof EnvironmentFault || error instanceof Fault) {
    process.stderr.write(`${error.message}\n`);
    const reasons = error instanceof Fault ? (error.details.reasons ?? []) : [];
    for (const { sentence } of reasons) if (sentence !== error.message) process.stderr.write(`  - ${sentence}\n`);
    return;
  }
  exitCode = unusable;
  process.stderr.write(
    `A defect of this program: ${error instanceof Error ? error.name : 'unknown'}. --verbose says more.\n`,
  );
  if (program.opts<{ verbose: boolean }>().verbose)
    process.stderr.write(`${String(error instanceof Error && error.stack)}\n`);
}

await program.parseAsync().catch(explain);
// Whatever still holds a socket has nothing left to do.
process.exit(exitCode);
