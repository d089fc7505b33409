/** Starts the BFF: reads the environment once, serves at once, and ends gracefully on SIGTERM and SIGINT (DESIGN §4, §12). */
import { flushCompileCache } from 'node:module';
import { extendLeaseForRestart } from './cluster/extend-lease.ts';
import { createContext, type Context } from './context.ts';
import { EnvironmentFault, readEnvironment, type Environment } from './environment.ts';
import { Fault, messageOf } from './fault.ts';
import { stateLockFault, takeStateLock } from './host/state-lock.ts';
import { startHttpServer, type HttpServer } from './http/server.ts';
import { startServices, type RunningServices } from './loops/service.ts';
import { createLogger } from './log.ts';

/** Running replies may end within this; docker stop kills after 10 s. */
const shutdownLimitMs = 5_000;

async function start(): Promise<void> {
  const environment: Environment = readEnvironment();
  const log = createLogger(environment.logLevel);
  // Held until this process has ended, by whatever end: the kernel lets go of it.
  const lock = await takeStateLock(environment.stateDir, 'the panel');
  if (!lock.taken) throw stateLockFault(environment.stateDir, lock.holder);
  const context: Context = await createContext(environment, log);
  // Serving comes first: the page and /health must answer while the database is away or slow to be found.
  const server: HttpServer = await startHttpServer(context.app, environment);
  const services: RunningServices = startServices(context.services, log);
  log.info({ host: server.address.host, port: server.address.port, version: environment.panelVersion }, 'serving');
  // Now and not at the end alone: a panel may be killed.
  flushCompileCache();

  let stopping = false;
  const stop = (signal: string): void => {
    if (stopping) return;
    stopping = true;
    log.info({ signal }, 'stopping');
    extendLeaseForRestart(context.cluster)
      .then(() => Promise.all([server.stop(shutdownLimitMs), services.stop()]))
      .then(() => context.close())
      .then(
        () => process.exit(0),
        (error: unknown) => {
          log.error({ err: error }, 'the shutdown met a fault');
          process.exit(1);
        },
      );
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
}

start().catch((error: unknown) => {
  const known = error instanceof EnvironmentFault || error instanceof Fault;
  const detail = error instanceof Error && !known ? (error.stack ?? error.message) : messageOf(error);
  process.stderr.write(`proxpanel: ${detail}\n`);
  process.exit(1);
});
