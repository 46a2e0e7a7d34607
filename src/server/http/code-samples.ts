// How an operation is called with curl, the CLI and the TypeScript client: `x-codeSamples` of the OpenAPI
// description.
import { type Command, isFile, isStream } from '../../command/define-command.ts';
import { parseHttp, pathParameters, toJsonSchema } from '../../command/manifest.ts';
import { isRecord } from '../../lib/json.ts';
import { neededInputs } from '../../lib/needed-inputs.ts';
import type { JsonSchema } from '../../protocol/manifest.ts';

export interface CodeSample {
  lang: 'Shell' | 'TypeScript';
  label: 'curl' | 'CLI' | 'TypeScript';
  source: string;
}

export function codeSamples(command: Command): CodeSample[] {
  const schema = toJsonSchema(command.input, 'input');
  const input = sampleObject(schema, definitionsOf(schema));
  return [
    { lang: 'Shell', label: 'curl', source: curlLine(command, input) },
    { lang: 'Shell', label: 'CLI', source: cliLines(command, input) },
    { lang: 'TypeScript', label: 'TypeScript', source: clientLines(command, input) },
  ];
}

type Sample = Record<string, unknown>;
type Definitions = Record<string, JsonSchema>;

/** With `$SEED_API_URL` and `$SEED_API_KEY`, as the CLI reads them. */
function curlLine(command: Command, input: Sample): string {
  const { method, path } = parseHttp(command.http);
  const inPath = pathParameters(path);
  const filled = path.replace(/\{([^}]+)\}/g, (_, name: string) => encodeURIComponent(textOf(input[name])));
  const rest = Object.entries(input).filter(([name]) => !inPath.includes(name));
  const query =
    method === 'GET'
      ? new URLSearchParams(Object.fromEntries(rest.map(([name, value]) => [name, textOf(value)])))
      : '';
  const address = `"$SEED_API_URL/api/v1${filled}${String(query) === '' ? '' : `?${query}`}"`;
  const hasBody = method !== 'GET' && rest.length > 0;
  const lines = [
    `curl ${method === 'GET' ? '' : `-X ${method} `}${address}`,
    '-H "Authorization: Bearer $SEED_API_KEY"',
    ...(hasBody
      ? ["-H 'Content-Type: application/json'", `-d ${quoted(JSON.stringify(Object.fromEntries(rest)))}`]
      : []),
  ];
  return lines.join(' \\\n  ');
}

/** The command's own examples; where it has none, what it needs. */
function cliLines({ name, http, examples = [] }: Command, input: Sample): string {
  if (examples.length > 0) return examples.join('\n');
  const inPath = pathParameters(parseHttp(http).path);
  const words = Object.entries(input).map(([field, value]) =>
    inPath.includes(field) ? quoted(textOf(value)) : `--${kebabCase(field)} ${quoted(textOf(value))}`,
  );
  return ['seed', name, ...words].join(' ');
}

function clientLines(command: Command, input: Sample): string {
  const method = `seed.${command.name.split(' ').map(camelCase).join('.')}`;
  const call = `${method}(${Object.keys(input).length === 0 ? '' : objectText(input)})`;
  if (isStream(command) || (!isFile(command) && 'items' in command.output.shape))
    return `for await (const item of ${call}) console.log(item);`;
  if (isFile(command)) return `const file = await ${call};\nconsole.log(await file.text());`;
  return `const answer = await ${call};\nconsole.log(answer);`;
}

const textOf = (value: unknown) => (typeof value === 'string' ? value : JSON.stringify(value));
/** For a POSIX shell, quoted where it must be. */
const quoted = (text: string) => (/^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`);
const camelCase = (word: string) => word.replace(/[-_](\w)/g, (_, letter: string) => letter.toUpperCase());
const kebabCase = (word: string) => word.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

/** As people write it: names without quotes where that can be. */
function objectText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(objectText).join(', ')}]`;
  if (!isRecord(value)) return typeof value === 'string' ? `'${escaped(value)}'` : JSON.stringify(value);
  const fields = Object.entries(value).map(
    ([name, each]) => `${/^[A-Za-z_$][\w$]*$/.test(name) ? name : `'${escaped(name)}'`}: ${objectText(each)}`,
  );
  return fields.length === 0 ? '{}' : `{ ${fields.join(', ')} }`;
}

const escaped = (text: string) => JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'");

const definitionsOf = (schema: JsonSchema) => (schema['$defs'] ?? {}) as Definitions;

/** What is required of it, and nothing else. */
function sampleObject(schema: JsonSchema, definitions: Definitions): Sample {
  const { properties = {} } = schema;
  const named = neededInputs(schema).filter((name) => Object.hasOwn(properties, name));
  return Object.fromEntries(named.map((name) => [name, sampleOf(properties[name] ?? {}, definitions)]));
}

const FORMATS: Record<string, string> = {
  uuid: '56bcba9b-3f0e-4d5c-8a52-0d3d1c9a7e11',
  'date-time': '2026-11-24T09:00:00Z',
  date: '2026-11-24',
  uri: 'https://example.com',
  email: 'ada@example.com',
};

/** A value that the schema allows, made of what it says itself: examples, a default, its first choice. */
function sampleOf(given: JsonSchema, definitions: Definitions, deep = 0): unknown {
  const reference = /^#\/\$defs\/(.+)$/.exec(String(given['$ref'] ?? ''))?.[1];
  const schema = reference === undefined ? given : { ...definitions[reference], ...given };
  const { examples, enum: choices, anyOf, oneOf } = schema as JsonSchema & Record<string, unknown[] | undefined>;
  if (examples && examples.length > 0) return examples[0];
  if (schema.default !== undefined) return schema.default;
  if ('const' in schema) return schema['const'];
  if (choices && choices.length > 0) return choices[0];
  const type = [schema.type ?? []].flat().find((each) => each !== 'null');
  const first = (anyOf ?? oneOf)?.[0];
  if (type === undefined && isRecord(first) && deep < 8)
    return sampleOf(first as JsonSchema, definitions, deep + 1);
  switch (type) {
    case 'string':
      return FORMATS[String(schema['format'])] ?? 'text'.padEnd(Number(schema['minLength'] ?? 0), 'x');
    case 'integer':
    case 'number':
      return Number(schema['minimum'] ?? schema['exclusiveMinimum'] ?? 1);
    case 'boolean':
      return true;
    case 'array': {
      const least = Number(schema['minItems'] ?? 0);
      return least === 0 || deep > 8 ? [] : [sampleOf(schema.items ?? {}, definitions, deep + 1)];
    }
    case 'object':
      return sampleObject(schema, definitions);
    default:
      return {};
  }
}
