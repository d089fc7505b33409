/** How a command reaches this server's cluster: through the panel that runs here, or as the panel where none runs. */
import type { Environment } from '../environment.ts';
import { Fault, messageOf } from '../fault.ts';
import { stateLockFault, takeStateLock } from '../host/state-lock.ts';
import { localApiUrl } from '../own-server.ts';
import { createPeerHttp, type PeerHttp } from '../peer/peer-http.ts';
import { hostPanel } from './hosted-panel.ts';
import { createPanelApi, type PanelApi } from './panel-api.ts';
import { until } from './until.ts';

/** The name under which the BFF holds the lock. */
export const panelProgram = 'the panel';
const startsWithinMs = 15_000;
const helloTimeoutMs = 5_000;

export interface OpenPanel {
  /** False: this process is the panel, for as long as the command runs. */
  readonly runs: boolean;
  readonly api: PanelApi;
  /** Where the panel is stopped: does what it would do by itself from here on. */
  act(): void;
  /** Where the panel is stopped: other servers and this host's scripts reach this process. HOST_FAULT. */
  serveToOthers(): Promise<void>;
  close(): Promise<{ readonly leaseExtended: boolean }>;
}

export interface OpenOptions {
  readonly environment: Environment;
  readonly actor: string;
  /** For others who find STATE_DIR in use: "proxpanel-cluster promote". */
  readonly program: string;
  readonly verbose: boolean;
}

/** BUSY when another command uses STATE_DIR; HOST_FAULT when the panel holds it and does not answer. */
export async function openPanel(options: OpenOptions): Promise<OpenPanel> {
  const { environment, actor } = options;
  const { stateDir } = environment;
  const lock = await takeStateLock(stateDir, options.program);
  const http = createPeerHttp();
  try {
    if (!lock.taken) {
      if (lock.holder?.program !== panelProgram) throw stateLockFault(stateDir, lock.holder);
      const baseUrl = localApiUrl(environment);
      await waitUntilItAnswers(http, baseUrl, lock.holder.pid);
      return {
        runs: true,
        api: createPanelApi({ http, baseUrl, stateDir, actor }),
        act: () => undefined,
        serveToOthers: () => Promise.resolve(),
        close: async () => {
          await http.close();
          return { leaseExtended: false };
        },
      };
    }
    const hosted = await hostPanel(environment, options.verbose);
    return {
      runs: false,
      api: createPanelApi({ http, baseUrl: hosted.baseUrl, stateDir, actor }),
      act: hosted.act,
      serveToOthers: hosted.serveToOthers,
      close: async () => {
        await http.close();
        const closed = await hosted.close();
        lock.release();
        return closed;
      },
    };
  } catch (error) {
    if (lock.taken) lock.release();
    await http.close();
    throw error;
  }
}

/** It takes the lock before it listens; one that hangs holds the lock and answers nothing. */
async function waitUntilItAnswers(http: PeerHttp, baseUrl: string, pid: number): Promise<void> {
  let why = '';
  const hello = async (): Promise<boolean> => {
    try {
      await http.request({ apiUrl: baseUrl, path: '/health', method: 'GET', timeoutMs: helloTimeoutMs });
      return true;
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      why = messageOf(error);
      return false;
    }
  };
  if (await until(hello, { limitMs: startsWithinMs, pauseMs: 250 })) return;
  const remedy = 'Restart it; or stop it, and this command does without it';
  throw new Fault(
    'HOST_FAULT',
    `The panel runs (process ${String(pid)}) and does not answer at ${baseUrl}. ${remedy}. ${why}`,
  );
}
