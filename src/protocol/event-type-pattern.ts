// Which types of events a pattern stands for. Free of dependencies: the CLI uses it.

/** `*`, a type, or the beginning of some: `task.*`. The same in SQL is in server/webhooks/fan-out.ts. */
export function matchesType(pattern: string, type: string): boolean {
  if (pattern === '*' || pattern === type) return true;
  return pattern.endsWith('.*') && type.startsWith(pattern.slice(0, -1));
}
