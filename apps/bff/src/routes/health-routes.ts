/** GET /health: 200 while the process serves, whatever its database does (DESIGN §5). */
import type { HealthReply } from '@proxpanel/contracts/health';
import type { Register } from '../http/call.ts';
import type { RoleView } from '../http/load-balancer.ts';

export interface HealthRouteDeps {
  readonly roleView: () => RoleView;
  /** The panel's version, as heartbeats carry it. */
  readonly version: string;
}

export function registerHealthRoutes(register: Register, deps: HealthRouteDeps): void {
  register('health', async () => {
    const reply: HealthReply = { status: 'ok', role: deps.roleView().role, version: deps.version };
    return reply;
  });
}
