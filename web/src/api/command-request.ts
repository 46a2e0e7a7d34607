// From a command of the manifest and its input to an HTTP request: path parameters, then the query of a GET, else a JSON body.
import type { ManifestCommand } from '../../../src/protocol/manifest.ts';

export interface CommandRequest {
  method: string;
  /** With its query, from the root. */
  path: string;
  /** JSON; null when there is nothing to send. */
  body: string | null;
}

export function commandRequest(command: ManifestCommand, input: Record<string, unknown>): CommandRequest {
  const { method, path } = command.http;
  const filled = path.replace(/\{([^}]+)\}/g, (_, name: string) => encodeURIComponent(String(input[name])));
  const rest = Object.entries(input).filter(
    ([name, value]) => value !== undefined && !command.positional.includes(name),
  );
  const target = `/api/v1${filled}`;
  if (method !== 'GET') {
    return { method, path: target, body: rest.length > 0 ? JSON.stringify(Object.fromEntries(rest)) : null };
  }
  const query = new URLSearchParams(
    rest.flatMap(([name, value]) => [value].flat().map((one) => [name, String(one)])),
  );
  return { method, path: query.size > 0 ? `${target}?${query}` : target, body: null };
}
