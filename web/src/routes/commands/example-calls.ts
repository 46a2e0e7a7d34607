// A command as a command line, with curl and over MCP, with a sample for every input that has to be there.
import type { JsonSchema, ManifestCommand } from '../../../../src/protocol/manifest.ts';
import { curlOf, writtenMcp } from '../../calls/written-calls.ts';
import { resolve } from './input-rows.ts';

export function cliCalls({ name, positional, examples }: ManifestCommand): string {
  if (examples.length > 0) return examples.join('\n');
  return ['seed', name, ...positional.map((property) => `<${property}>`)].join(' ');
}

export function curlCall(command: ManifestCommand, origin: string): string {
  const { method, path } = command.http;
  const url = `${origin}/api/v1${path.replaceAll('{', '<').replaceAll('}', '>')}`;
  const body = sampleOf(command, (property) => !command.positional.includes(property));
  const isQuery = method === 'GET';
  const query = Object.entries(body).map(([name, value]) => `${name}=${encodeURIComponent(String(value))}`);
  return curlOf({
    method,
    url: isQuery && query.length > 0 ? `${url}?${query.join('&')}` : url,
    json: isQuery || query.length === 0 ? null : JSON.stringify(body),
    options: [
      ...(command.output === 'stream' ? ['--no-buffer'] : []),
      ...(command.output === 'file' ? ['--remote-name --remote-header-name'] : []),
    ],
  });
}

/** @returns null for a command that is not offered over MCP */
export function mcpCall(command: ManifestCommand): string | null {
  return writtenMcp(
    command,
    sampleOf(command, () => true),
  );
}

/** A value for every input that has to be there. */
function sampleOf({ input }: ManifestCommand, wanted: (property: string) => boolean): Record<string, unknown> {
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
