// Where a document says that its platform is.
import { isNode, type Node, nodesOf } from './document.ts';

/** The first server, its variables at their defaults, without a slash at its end; null: it is no complete http(s) address. */
export function serverOf(node: Node): string | null {
  const address = firstAddress(node);
  return /^https?:\/\/[^{}]+$/.test(address) && URL.canParse(address) ? address.replace(/\/+$/, '') : null;
}

/** Also of those that are no complete addresses. */
export function isSameServer(one: Node, other: Node): boolean {
  return firstAddress(one) === firstAddress(other);
}

/** `/` where none is named, as the specification has it. */
function firstAddress({ servers }: Node): string {
  const [server] = nodesOf(servers);
  if (!isNode(server) || typeof server['url'] !== 'string') return '/';
  const variables = isNode(server['variables']) ? server['variables'] : {};
  return server['url'].replace(/\{([^}]+)\}/g, (whole, name: string) => {
    const variable = variables[name];
    return isNode(variable) && typeof variable['default'] === 'string' ? variable['default'] : whole;
  });
}
