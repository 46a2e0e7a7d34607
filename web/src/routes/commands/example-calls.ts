// The same call as a command line, with curl and over MCP, ready to be copied.
import type { JsonSchema, ManifestCommand } from '../../../../src/protocol/manifest.ts';
import { resolve } from './input-rows.ts';

/** What the MCP server calls the commands that it serves in its own way; see docs/mcp.md. */
const OWN_TOOLS: Record<string, string> = {
  'tasks run': 'runTask',
  'tasks get': 'getTask',
  'tasks stop': 'stopTask',
  'tasks events': 'getTaskEvents',
};

export function cliCalls({ name, positional, examples }: ManifestCommand): string {
  if (examples.length > 0) return examples.join('\n');
  return ['seed', name, ...positional.map((property) => `<${property}>`)].join(' ');
}

export function curlCall(command: ManifestCommand, origin: string): string {
  const { method, path } = command.http;
  const url = `${origin}/api/v1${path.replaceAll('{', '<').replaceAll('}', '>')}`;
  const body = sampleOf(command, (property) => !command.positional.includes(property));
  const sendsBody = method !== 'GET' && Object.keys(body).length > 0;
  const query = Object.entries(body).map(([name, value]) => `${name}=${encodeURIComponent(String(value))}`);
  return [
    `curl ${method === 'GET' || (method === 'POST' && sendsBody) ? '' : `-X ${method} `}"${url}${method === 'GET' && query.length > 0 ? `?${query.join('&')}` : ''}"`,
    '-H "Authorization: Bearer $SEED_API_KEY"',
    ...(sendsBody ? ['-H "Content-Type: application/json"', `-d ${quoted(JSON.stringify(body))}`] : []),
    ...(command.output === 'stream' ? ['--no-buffer'] : []),
    ...(command.output === 'file' ? ['--remote-name --remote-header-name'] : []),
  ].join(' \\\n  ');
}

/** Null: it is not offered over MCP. */
export function mcpCall(command: ManifestCommand): string | null {
  const own = OWN_TOOLS[command.name];
  if (!own && (command.output === 'stream' || command.output === 'file' || command.scope === null))
    return null;
  const call = { name: own ?? command.name.replaceAll(' ', '_'), arguments: sampleOf(command, () => true) };
  return JSON.stringify({ method: 'tools/call', params: call }, null, 2);
}

/** A value for every input that has to be there. */
function sampleOf(
  { input }: ManifestCommand,
  wanted: (property: string) => boolean,
): Record<string, unknown> {
  const required = (input.required ?? []).filter(wanted);
  return Object.fromEntries(
    required.map((name) => [name, sampleValue(name, input.properties?.[name] ?? {}, input)]),
  );
}

function sampleValue(name: string, given: JsonSchema, root: JsonSchema): unknown {
  const { schema } = resolve(given, root);
  const [example] = (schema['examples'] ?? given['examples'] ?? []) as unknown[];
  const known = example ?? given.default ?? schema.default ?? schema.enum?.[0];
  if (known !== undefined) return known;
  if (schema.items) return [sampleValue(name, schema.items, root)];
  if (schema.type === 'integer' || schema.type === 'number') return Number(schema['minimum'] ?? 1);
  if (schema.type === 'boolean') return true;
  if (schema.type === 'object') {
    const inner = schema.required ?? [];
    return Object.fromEntries(
      inner.map((part) => [part, sampleValue(part, schema.properties?.[part] ?? {}, root)]),
    );
  }
  return `<${name}>`;
}

/** A word for the shell. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
