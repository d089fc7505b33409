/** The API's own description, for programs and as a page (DESIGN §5). */
import type { EndpointName } from '@proxpanel/contracts/endpoints';
import type { Register } from '../http/call.ts';
import { renderApiPage } from '../http/api-page.ts';
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
  register('apiPage', async () =>
    RawReply.text(renderApiPage(deps.registeredNames(), deps.version), 'text/html; charset=utf-8'),
  );
}
