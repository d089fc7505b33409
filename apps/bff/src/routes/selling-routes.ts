/** What subscribers are sold, by whom, and the routers that let them in (DESIGN §5): the table says which of it is for admins. */
import type { Register } from '../http/call.ts';
import { RawReply } from '../http/raw-reply.ts';
import { changeNas } from '../panel/change-nas.ts';
import { changeReseller } from '../panel/change-reseller.ts';
import { createNas, type NasDeps } from '../panel/create-nas.ts';
import { createReseller } from '../panel/create-reseller.ts';
import { idOfPath } from '../panel/panel-user.ts';
import type { ResellerStore, ServiceStore } from '../panel/ports.ts';
import { routerLine, routerScript } from '../panel/router-lines.ts';

export interface SellingDeps extends NasDeps {
  readonly services: ServiceStore;
  readonly resellers: ResellerStore;
  /** The address of the server that is main now. */
  readonly radiusAddress: () => string;
}

export function registerSellingRoutes(register: Register, deps: SellingDeps): void {
  registerServices(register, deps);
  registerNas(register, deps);
  register('listResellers', async () => ({ resellers: await deps.resellers.list() }));
  register('createReseller', ({ user, body }) => createReseller(deps, user, body));
  register('changeReseller', ({ user, params, body }) =>
    changeReseller(deps, user, idOfPath(params.id, 'reseller'), body),
  );
}

function registerServices(register: Register, { services }: SellingDeps): void {
  const what = 'service';
  register('listServices', async () => ({ services: await services.list() }));
  register('createService', ({ user, body }) => services.insert(body, user.username));
  register('changeService', ({ user, params, body }) =>
    services.update(idOfPath(params.id, what), body, user.username),
  );
  register('removeService', async ({ user, params, body }) => {
    await services.remove(idOfPath(params.id, what), body.row_version, user.username);
    return { ok: true };
  });
}

function registerNas(register: Register, deps: SellingDeps): void {
  const { devices, radiusAddress } = deps;
  const what = 'NAS device';
  register('listNas', async () => ({ devices: await devices.list(), radius_address: radiusAddress() }));
  register('createNas', ({ user, body }) => createNas(deps, user, body));
  register('changeNas', ({ user, params, body }) => changeNas(deps, user, idOfPath(params.id, what), body));
  register('removeNas', async ({ user, params, body }) => {
    await devices.remove(idOfPath(params.id, what), body.row_version, user.username);
    return { ok: true };
  });
  register('routerLine', async ({ params }) => {
    const device = await devices.find(idOfPath(params.id, what));
    return { name: device.name, line: routerLine(device, radiusAddress()) };
  });
  register('routerScript', async () => {
    const body = routerScript(await devices.list(), radiusAddress());
    const headers = { 'Content-Disposition': 'attachment; filename="routers.rsc"' };
    return new RawReply({ body, contentType: 'text/plain; charset=utf-8', headers });
  });
}
