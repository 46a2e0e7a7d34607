// A command with its input as one HTTP request. Used by the CLI, the MCP server and the dashboard.
import { SeedError } from '../protocol/errors.ts';
import type { JsonSchema, ManifestCommand } from '../protocol/manifest.ts';
import { toText, toTexts } from './query-text.ts';

export interface RestCall {
  method: string;
  /** With the query, from /api/v1 on. */
  path: string;
  /** JSON; null when there is nothing to send. */
  body: string | null;
}

/**
 * Path parameters go into the path; the rest into the query of a GET, into the JSON body of others.
 * @throws SeedError invalid_input for what cannot stand in a path
 */
export function restCall(command: ManifestCommand, input: Record<string, unknown>): RestCall {
  const rest = { ...input };
  const properties = command.input?.properties ?? {};
  const path = command.http.path.replace(/\{(\w+)\}/g, (_, name: string) => {
    const segment = pathSegment(name, rest[name], properties[name]);
    delete rest[name];
    return segment;
  });
  const { method } = command.http;
  if (method === 'GET') return { method, path: `/api/v1${path}${queryOf(rest, properties)}`, body: null };
  const isGiven = Object.values(rest).some((value) => value !== undefined);
  return { method, path: `/api/v1${path}`, body: isGiven ? JSON.stringify(rest) : null };
}

function pathSegment(name: string, value: unknown, schema: JsonSchema | undefined): string {
  const text = value === undefined || value === null ? '' : toText(value, schema);
  // Encoding leaves these as they are, and they would name another path.
  if (['', '.', '..'].includes(text))
    throw new SeedError('invalid_input', `${name} cannot be ${JSON.stringify(text)}`);
  return encodeURIComponent(text);
}

function queryOf(input: Record<string, unknown>, properties: Record<string, JsonSchema>): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(input)) {
    if (value === undefined) continue;
    for (const text of toTexts(value, properties[name])) query.append(name, text);
  }
  const text = query.toString();
  return text === '' ? '' : `?${text}`;
}
