/** The API's own description, for programs (DESIGN §5). */
import type { EndpointName } from '@proxpanel/contracts/endpoints';
import type { Register } from '../http/call.ts';
import { describeApi } from '../http/openapi.ts';
import { RawReply } from '../http/raw-reply.ts';

export interface OpenApiRouteDeps {
  readonly registeredNames: () => EndpointName[];
  readonly version: string;
}

export function registerOpenApiRoutes(register: Register, deps: OpenApiRouteDeps): void {
  // Made when first asked, because routes may be registered after this one.
  let written: string | null = null;
  register('openApi', async () => {
    written ??= JSON.stringify(describeApi(deps.registeredNames(), deps.version));
    return RawReply.writtenJson(written);
  });
}
