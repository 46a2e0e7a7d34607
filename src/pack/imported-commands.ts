// The commands of an imported pack: made from its operations.json and overrides.json when a server starts.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import { z } from 'zod';
import type { SentFile } from '../command/define-command.ts';
import { isNounTaken } from '../command/name-clashes.ts';
import { wordsOf } from '../openapi/names.ts';
import { type Operation, OperationsFile } from '../openapi/operation.ts';
import type { Definitions } from '../openapi/schema.ts';
import { wholeView } from '../openapi/schema-views.ts';
import type { CredentialMode } from '../protocol/credential.ts';
import { LIMITS } from '../protocol/limits.ts';
import type { Effect, HttpMethod, JsonSchema } from '../protocol/manifest.ts';
import { Unreadable } from './decode-answer.ts';
import { importedInput } from './imported-input.ts';
import { type Change, changeOf, readOverrides } from './overrides.ts';
import type { CalledContext, PackCommand } from './pack-command.ts';
import { type Platform, platformOf } from './platform.ts';
import { answeredFile, platformAnswer, refusalOf } from './platform-answer.ts';
import { idempotencyHeaderOf, platformRequest } from './platform-request.ts';
import { packProblem, shownPath } from './problem.ts';
import type { Input } from './request-body.ts';
import { hintAfter, type PlatformResponse, sendToPlatform, unavailable } from './send.ts';

/**
 * @param pack its name
 * @param file the pack's pack.ts (`import.meta.url`); the two files lie beside it
 * @throws SeedError invalid_settings, naming the file
 */
export function importedCommands(pack: string, file: string): PackCommand[] {
  const source = new URL('operations.json', file);
  const overriding = new URL('overrides.json', file);
  const imported = OperationsFile.safeParse(JSON.parse(readFileSync(source, 'utf8')));
  if (!imported.success) throw packProblem(shownPath(source), 'it is not what seed packs import writes');
  const { operations, definitions = {} } = imported.data;
  const overrides = readOverrides(readFileSync(overriding, 'utf8'), operations, shownPath(overriding));
  const platform = platformOf(pack, imported.data, overrides.sendCaller, shownPath(new URL(file)));
  const routeOf = routesBelow(pack);
  return operations.flatMap((operation) => {
    const change = changeOf(overrides, operation);
    if (change.hide) return [];
    const noun = overrides.nouns[operation.noun] ?? operation.noun;
    const name = change.name ?? `${isNounTaken(noun) ? `${pack}-${noun}` : noun} ${operation.verb}`;
    const command = commandOf(
      { ...platform, mode: overrides.credential },
      { operation, definitions },
      name,
      change,
    );
    const operatorOnly = overrides.accounts === 'operator';
    const { credential } = overrides;
    return [{ ...command, operatorOnly, credential, http: routeOf(operation, name) } as unknown as PackCommand];
  });
}

/** An operation with what its schemas refer to. */
interface Described {
  operation: Operation;
  definitions: Definitions;
}

function commandOf(platform: SharedPlatform, described: Described, name: string, change: Change) {
  const { operation, definitions } = described;
  const effect = change.effect ?? effectOf(operation);
  const key = idempotencyHeaderOf(operation);
  // Where nobody gives one, Seed does.
  const required = operation.required.filter((name) => name !== key?.input);
  const ownScope = `${name.split(' ')[0]}:${effect === 'read' ? 'read' : 'write'}`;
  const send = (input: Input, context: CalledContext) => callPlatform(platform, described, effect, input, context);
  const common = {
    name,
    summary: change.summary ?? operation.summary,
    scope: change.scope === undefined ? ownScope : change.scope,
    effect,
    input: importedInput(operation, required, definitions),
    examples: change.examples ?? [],
    whole: () => wholeOf(described, required),
  };
  // Of what changes something the ledger keeps the answer, which a file is none of.
  if (operation.answers === 'file' && effect === 'read')
    return {
      ...common,
      file: async (input: Input, context: CalledContext) => sentFile(await send(input, context)),
    };
  return {
    ...common,
    remote: true,
    external: true,
    repeatable: key !== null,
    creates: operation.method === 'POST' && effect !== 'read',
    takesLargeInput: takesFiles(operation),
    output: outputOf(operation),
    run: async (input: Input, context: CalledContext) => {
      const response = await send(input, context);
      if (operation.answers === 'file') return fileObject(response);
      return readingOf(platform, effect, () => platformAnswer(described, response));
    },
  };
}

/** All that the document says of input and answer, for `seed commands show`. */
function wholeOf({ operation, definitions }: Described, required: readonly string[]) {
  const { properties, whole = {}, answer } = operation;
  const input = {
    type: 'object',
    properties: Object.fromEntries(
      Object.entries(properties).map(([name, schema]) => [name, whole[name] ?? schema]),
    ),
    required: [...required],
  };
  return {
    input: wholeView(input, definitions, 'readOnly'),
    output: answer === undefined ? null : wholeView(answer, definitions, 'writeOnly'),
  };
}

const takesFiles = ({ places }: Operation) => Object.values(places).some(({ form }) => form === 'file');

function sentFile(response: PlatformResponse): SentFile {
  const { bytes, ...file } = answeredFile(response);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return { ...file, sha256, content: Readable.from([bytes], { objectMode: false }) };
}

function fileObject(response: PlatformResponse): object {
  const { bytes, ...file } = answeredFile(response);
  return { ...file, content: bytes.toString('base64') };
}

function effectOf({ method }: Operation): Effect {
  if (method === 'GET' || method === 'HEAD') return 'read';
  return method === 'DELETE' ? 'destructive' : 'write';
}

/** Describes the answer and takes any: what a platform really answers is not refused. */
function outputOf({ answers, fields }: Operation): z.ZodObject {
  if (answers === 'file')
    return z.looseObject({ name: z.string(), type: z.string(), size: z.number(), content: z.base64() });
  if (answers === 'value') return z.looseObject({ value: z.unknown().optional() });
  if (answers === 'nothing') return z.looseObject({ ok: z.unknown().optional() });
  const inner = Object.entries(fields).map(([name, schema]) => [name, described(schema)]);
  if (answers === 'object') return z.looseObject(Object.fromEntries(inner));
  const items = { type: 'array', items: { type: 'object', properties: fields } };
  const nextPage = { type: ['object', 'null'], description: 'The inputs that ask for the next page' };
  return z.looseObject({ items: described(items), nextPage: described(nextPage) });
}

const described = (schema: JsonSchema) => z.unknown().optional().meta(schema);

async function callPlatform(
  given: SharedPlatform,
  described: Described,
  effect: Effect,
  input: Input,
  context: CalledContext,
): Promise<PlatformResponse> {
  const { operation } = described;
  const platform = await platformFor(given, operation, context);
  const request = platformRequest(platform, described, input, context);
  const mayRepeat = idempotencyHeaderOf(operation) !== null;
  const isFile = operation.answers === 'file';
  const response = await sendToPlatform(platform, request, {
    effect,
    mayRepeat,
    given: context.signal,
    ...(isFile && effect === 'read' && { maxBytes: LIMITS.platformFileBytes }),
  });
  if (response.status < 200 || response.status > 299) throw refusalOf(platform, effect, response);
  return response;
}

/** @throws SeedError platform_unavailable: the answer cannot be read, and why */
function readingOf(platform: Platform, effect: Effect, read: () => object): object {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error;
    throw unavailable(platform, error.message, { hint: hintAfter(effect) });
  }
}

/** The platform with the server's own secret, and whether its calls show that one. */
type SharedPlatform = Platform & { mode: CredentialMode };

/** With the secret that this call shows. @throws SeedError credential_missing */
async function platformFor(
  { mode, ...platform }: SharedPlatform,
  operation: Operation,
  context: CalledContext,
): Promise<Platform> {
  if (mode === 'shared') return platform;
  // Never the server's, not even where the document asks for none.
  return { ...platform, secret: operation.public ? null : await context.credential() };
}

type Http = `${HttpMethod} /${string}`;

/**
 * The route of an imported command: the platform's own path below the pack's name, as far as Seed's routes can be
 * like it. The second operation that would have the same route has one by its name.
 */
function routesBelow(pack: string): (operation: Operation, name: string) => Http {
  const taken = new Set<string>();
  return (operation, name) => {
    const method = operation.method === 'HEAD' ? 'GET' : operation.method;
    const own: Http = `${method} /${pack}${segmentsOf(operation)}`;
    const named: Http = `${method} /${pack}/${name.replaceAll(' ', '/')}${parametersOf(operation)}`;
    const route = taken.has(shapeOf(own)) ? named : own;
    taken.add(shapeOf(route));
    return route;
  };
}

/** Each parameter is a segment: `/files/{id}.json` → /files/{id}/json. */
function segmentsOf({ path, places }: Operation): string {
  return path
    .split(/(\{[^}]+\})|\//)
    .filter(Boolean)
    .map((part) => (part.startsWith('{') ? inputIn(places, part.slice(1, -1)) : wordsOf(part).join('-')))
    .filter(Boolean)
    .map((part) => `/${/^\d/.test(part) ? `v${part}` : part}`)
    .join('');
}

function parametersOf({ places }: Operation): string {
  const inPath = Object.entries(places).filter(([, place]) => place.in === 'path');
  return inPath.map(([input]) => `/{${input}}`).join('');
}

function inputIn(places: Operation['places'], name: string): string {
  const found = Object.entries(places).find(
    ([input, place]) => place.in === 'path' && (place.name ?? input) === name,
  );
  return found ? `{${found[0]}}` : '';
}

const shapeOf = (route: string) => route.replace(/\{[^}]+\}/g, '{}');
