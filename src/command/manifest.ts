// Commands as a manifest: what the CLI, the agent's prompt and GET /api/v1/commands are made from.
import { z } from 'zod';
import { neededInputs } from '../lib/needed-inputs.ts';
import type {
  HttpMethod,
  JsonSchema,
  Manifest,
  ManifestCommand,
  ToldCommand,
  ToldFilter,
} from '../protocol/manifest.ts';
import { NOT_BLANK } from '../protocol/one-of-fields.ts';
import { type Command, isFile, isObject, isStream } from './define-command.ts';

/** @param uploadsAbove bytes of files beyond which a request cannot bring them; null: it can */
export function toManifest(
  commands: readonly Command[],
  version: string,
  uploadsAbove: number | null = null,
): Manifest {
  return { version, commands: commands.map((command) => toManifestCommand(command, uploadsAbove)) };
}

/**
 * The same as an agent is told of it at its start.
 * @param filters whether also what narrows those that read
 */
export function toTold(commands: readonly Command[], { filters = false } = {}): ToldCommand[] {
  const told = commands.filter(({ isPoll }) => !isPoll);
  return told.map(({ name, summary, effect, http, input }) => {
    const schema = toJsonSchema(input, 'input');
    const positional = pathParameters(parseHttp(http).path);
    const required = neededInputs(schema).filter((one) => !positional.includes(one));
    const narrowing = filters && effect === 'read' ? filtersOf(schema, [...positional, ...required]) : [];
    return {
      name,
      summary,
      effect,
      positional,
      ...(required.length > 0 && { required }),
      ...(narrowing.length > 0 && { filters: narrowing }),
    };
  });
}

/** Of a command; what it has beyond these stands in its help. */
const FILTERS_MOST = 4;
const CHOICES_MOST = 6;
const OF_PAGES = ['limit', 'cursor'];

/** Those of one plain value, without the given ones. */
function filtersOf({ properties = {} }: JsonSchema, without: readonly string[]): ToldFilter[] {
  const plain = Object.entries(properties).filter(
    ([name, { type }]) =>
      !without.includes(name) && !OF_PAGES.includes(name) && PLAIN_TYPES.includes(String(type)),
  );
  return plain.slice(0, FILTERS_MOST).map(([name, { type, enum: choices = [] }]) => ({
    name,
    ...(type === 'boolean' && { isSwitch: true }),
    ...(choices.length > 0 && choices.length <= CHOICES_MOST && { choices: choices.map(String) }),
  }));
}

const PLAIN_TYPES = ['string', 'number', 'integer', 'boolean'];

function toManifestCommand(command: Command, uploadsAbove: number | null): ManifestCommand {
  const { name, summary, scope, effect, platform } = command;
  const http = parseHttp(command.http);
  return {
    name,
    summary,
    http,
    scope,
    effect,
    // When it is looked at: of thousands of commands a list often shows a few.
    get input() {
      return toJsonSchema(command.input, 'input');
    },
    positional: pathParameters(http.path),
    output: outputOf(command),
    columns: isObject(command) ? [...(command.columns ?? [])] : [],
    examples: [...(command.examples ?? [])],
    creates: isObject(command) && command.creates === true,
    follow: isObject(command) ? (command.follow ?? null) : null,
    ...(uploadsAbove !== null && 'uploads' in command.input.shape && { uploadsAbove }),
    ...(platform?.credential === 'caller' && { callerCredential: platform.pack }),
  };
}

function outputOf(command: Command): ManifestCommand['output'] {
  if (isStream(command)) return 'stream';
  if (isFile(command)) return 'file';
  return 'items' in command.output.shape ? 'list' : 'object';
}

/** `GET /keys/{id}` → its two parts. */
export function parseHttp(http: Command['http']): { method: HttpMethod; path: string } {
  const space = http.indexOf(' ');
  return { method: http.slice(0, space) as HttpMethod, path: http.slice(space + 1) };
}

/** The names in braces, in order. */
export function pathParameters(path: string): string[] {
  return [...path.matchAll(/\{([^}]+)\}/g)].map((match) => match[1] ?? '');
}

/** Every task's manifest is made of the same schemas, and a platform may have a thousand commands. */
const known = { input: new WeakMap<z.ZodType, JsonSchema>(), output: new WeakMap<z.ZodType, JsonSchema>() };

/** Spaces at its edges count for nothing, so that some other character has to be there. */
function isTrimmed({ _zod: { def } }: z.core.$ZodType): boolean {
  const { checks = [] } = def as {
    checks?: { _zod: { def: { check: string; tx?: (text: string) => string } } }[];
  };
  return checks.some(({ _zod: { def: check } }) => check.check === 'overwrite' && check.tx?.(' ') === '');
}

/** What a caller may send (`input`) or will get (`output`). One object a schema, which is not to be changed. */
export function toJsonSchema(schema: z.ZodType, io: 'input' | 'output'): JsonSchema {
  const found = known[io].get(schema);
  if (found) return found;
  const { $schema: _dialect, ...rest } = z.toJSONSchema(schema, {
    target: 'draft-2020-12',
    io,
    unrepresentable: 'any',
    // A format says it already; zod's own pattern for a date alone is 300 characters.
    override: ({ zodSchema, jsonSchema }) => {
      if (jsonSchema.format) delete jsonSchema.pattern;
      else if (io === 'input' && jsonSchema.minLength && isTrimmed(zodSchema))
        Object.assign(jsonSchema, NOT_BLANK);
    },
  });
  known[io].set(schema, rest as JsonSchema);
  return rest as JsonSchema;
}
