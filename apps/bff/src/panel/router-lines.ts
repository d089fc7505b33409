/** What an admin pastes into the routers, so that they ask the server that is main now (DESIGN §11). */
import type { Nas } from '@proxpanel/contracts/nas';

type Router = Pick<Nas, 'name' | 'address' | 'type'>;

/** The line for one router; a comment that says what to do where we know no line. `radiusAddress`: main's. */
export function routerLine(router: Router, radiusAddress: string): string {
  if (router.type === 'mikrotik') return `/radius set [find] address=${routerOsValue(radiusAddress)}`;
  const where = oneLine(`${router.name} (${router.address})`);
  return `# ${where} is no MikroTik router: set the address of its RADIUS server to ${oneLine(radiusAddress)} there.`;
}

/** A RouterOS script: for each router its name, and then its line. */
export function routerScript(routers: readonly Router[], radiusAddress: string): string {
  const lines = routers.flatMap((router) => {
    const line = routerLine(router, radiusAddress);
    // RouterOS continues no comment by a backslash at its end; the parenthesis keeps one from standing there all the same.
    return router.type === 'mikrotik' ? [`# ${oneLine(router.name)} (${router.address})`, line] : [line];
  });
  return [`# Points the routers to the RADIUS server at ${oneLine(radiusAddress)}.`, ...lines, ''].join('\n');
}

/** An address as it is; anything else between quotes, in which RouterOS reads `"`, `\`, `$` and `?` as its own. */
function routerOsValue(text: string): string {
  if (/^[0-9A-Za-z.:-]+$/.test(text)) return text;
  return `"${oneLine(text).replace(/["\\$?]/g, '\\$&')}"`;
}

/** A comment ends with its line, and what stands in the next one is run. */
function oneLine(text: string): string {
  return text.replace(/[\p{Cc}\u2028\u2029]+/gu, ' ');
}
