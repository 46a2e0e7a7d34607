// A tool's input schema without references, which many MCP clients do not follow: what they lead to stands in
// their place, as deep as there is room for. `commands show` has the whole. Used by tool.ts.
import { isRecord } from '../../lib/json.ts';
import { LIMITS } from '../../protocol/limits.ts';
import type { JsonSchema } from '../../protocol/manifest.ts';

const CUT: JsonSchema = { description: 'Goes on: `seed commands show` has all of it' };
const DEFINITIONS = /^#\/(?:\$defs|definitions)\/([^/]+)$/;
/** Whose values are names with schemas, and not words of a schema. */
const MAPS = new Set(['properties', 'patternProperties', 'dependentSchemas']);
/** Whose values are data. */
const DATA = new Set(['enum', 'const', 'default', 'examples', 'required']);

/**
 * @returns the schema with references followed at most LIMITS.mcp.referencesDeep deep, and less deep where that
 * would make it larger than LIMITS.mcp.schemaNodes; what lies deeper may be anything
 */
export function plainSchema(schema: JsonSchema): JsonSchema {
  const { $defs, definitions, ...rest } = schema as JsonSchema & Record<'$defs' | 'definitions', unknown>;
  if (!isRecord($defs) && !isRecord(definitions)) return schema;
  const named = { ...(definitions as object), ...($defs as object) };
  for (let deep = LIMITS.mcp.referencesDeep; deep > 0; deep -= 1) {
    const room = { nodes: LIMITS.mcp.schemaNodes };
    const plain = followed(rest, named, deep, room);
    if (room.nodes >= 0) return plain as JsonSchema;
  }
  return followed(rest, named, 0, { nodes: Number.POSITIVE_INFINITY }) as JsonSchema;
}

function followed(value: unknown, named: Record<string, unknown>, deep: number, room: { nodes: number }): unknown {
  room.nodes -= 1;
  if (room.nodes < 0) return CUT;
  if (Array.isArray(value)) return value.map((item) => followed(item, named, deep, room));
  if (!isRecord(value)) return value;
  const { $ref, ...beside } = value;
  const inside: Record<string, unknown> = {};
  for (const [word, inner] of Object.entries(beside)) {
    if (DATA.has(word)) inside[word] = inner;
    else if (MAPS.has(word) && isRecord(inner)) {
      const each = Object.entries(inner).map(([name, one]) => [name, followed(one, named, deep, room)]);
      inside[word] = Object.fromEntries(each);
    } else inside[word] = followed(inner, named, deep, room);
  }
  if (typeof $ref !== 'string') return inside;
  const meant = named[nameIn($ref)];
  if (!isRecord(meant) || deep === 0) return { ...CUT, ...inside };
  return { ...(followed(meant, named, deep - 1, room) as object), ...inside };
}

/** Escaped in a reference as RFC 6901 and a URI's fragment have it. */
function nameIn(reference: string): string {
  const name = DEFINITIONS.exec(reference)?.[1] ?? '';
  try {
    return decodeURIComponent(name).replaceAll('~1', '/').replaceAll('~0', '~');
  } catch {
    return name;
  }
}
