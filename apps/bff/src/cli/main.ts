/** `proxpanel-cluster`: what is done on the host rather than on the page. */
import { Command } from 'commander';
import { EnvironmentFault, readEnvironment } from '../environment.ts';
import { Fault } from '../fault.ts';
import { addUser } from './add-user.ts';

const program = new Command('proxpanel-cluster').description('ProxPanel HA Cluster on this server');

program
  .command('user')
  .description('users of the panel')
  .command('add')
  .argument('<name>', 'user name')
  .requiredOption('--role <role>', 'admin or reseller')
  .description('adds a user; the password is read from standard input, or made and printed once')
  .action(async (name: string, options: { role: string }) => {
    await addUser(readEnvironment(), name, options.role);
  });

program.parseAsync().catch((error: unknown) => {
  if (!(error instanceof Fault) && !(error instanceof EnvironmentFault)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
});
