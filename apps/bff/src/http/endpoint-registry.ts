/** Which rows of the endpoint table this process serves: for 405 with Allow, and for the OpenAPI page. */
import { endpoints, type EndpointName } from '@proxpanel/contracts/endpoints';

export interface EndpointRegistry {
  add(name: EndpointName): void;
  names(): EndpointName[];
  /** Methods of a path as they stand in Allow; empty when the path is unknown. */
  allowedMethods(path: string): string[];
}

export function createEndpointRegistry(): EndpointRegistry {
  const served = new Map<EndpointName, RegExp>();
  return {
    add(name) {
      if (served.has(name)) throw new Error(`The endpoint ${name} is registered twice.`);
      served.set(name, patternOf(endpoints[name].path));
    },
    names: () => [...served.keys()],
    allowedMethods(path) {
      const methods = new Set<string>();
      for (const [name, pattern] of served) {
        if (!pattern.test(path)) continue;
        methods.add(endpoints[name].method);
        if (endpoints[name].method === 'GET') methods.add('HEAD');
      }
      if (methods.size > 0) methods.add('OPTIONS');
      return [...methods];
    },
  };
}

function patternOf(path: string): RegExp {
  const parts = path.split('/').map((part) => (part.startsWith(':') ? '[^/]+' : part.replaceAll('.', '\\.')));
  return new RegExp(`^${parts.join('/')}$`);
}
