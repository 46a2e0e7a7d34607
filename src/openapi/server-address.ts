// Where a document says that its platform is.
import { isNode, type Node, nodesOf } from './document.ts';

/** The first server, its variables at their defaults, without a slash at its end; null: it is no complete http(s) address. */
export function serverOf({ servers }: Node): string | null {
  const [server] = nodesOf(servers);
  if (!isNode(server) || typeof server['url'] !== 'string') return null;
  const variables = isNode(server['variables']) ? server['variables'] : {};
  const address = server['url'].replace(/\{([^}]+)\}/g, (whole, name: string) => {
    const variable = variables[name];
    return isNode(variable) && typeof variable['default'] === 'string' ? variable['default'] : whole;
  });
  return /^https?:\/\/[^{}]+$/.test(address) && URL.canParse(address) ? address.replace(/\/+$/, '') : null;
}
