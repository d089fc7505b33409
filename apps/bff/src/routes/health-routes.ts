/** GET /health: 200 while the process serves, whatever its database does (DESIGN §5). */
import type { HealthReply } from '@proxpanel/contracts/health';
import type { Register } from '../http/call.ts';
import type { RoleView } from '../http/load-balancer.ts';
import type { ServeQuickly } from '../http/quick-polls.ts';

export interface HealthRouteDeps {
  readonly roleView: () => RoleView;
  /** The panel's version, as heartbeats carry it. */
  readonly version: string;
}

export function registerHealthRoutes(register: Register, serveQuickly: ServeQuickly, deps: HealthRouteDeps): void {
  const reply = (): HealthReply => ({ status: 'ok', role: deps.roleView().role, version: deps.version });
  register('health', () => Promise.resolve(reply()));
  // The very reply, so that a probe that comes once and a monitor that asks all the time read the same.
  serveQuickly('health', () => Buffer.from(JSON.stringify(reply())));
}
