// The commands of an imported pack: made from its operations.json and overrides.json when a server starts.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import { z } from 'zod';
import type { SentFile } from '../command/define-command.ts';
import { isNounTaken } from '../command/name-clashes.ts';
import { parseJson } from '../lib/json.ts';
import { keyOf, NAME_LENGTH, shortened } from '../openapi/names.ts';
import { type Operation, OperationsFile } from '../openapi/operation.ts';
import type { Definitions } from '../openapi/schema.ts';
import { wholeView } from '../openapi/schema-views.ts';
import { wordsOf } from '../openapi/words.ts';
import type { CredentialMode } from '../protocol/credential.ts';
import { LIMITS } from '../protocol/limits.ts';
import type { Effect, HttpMethod, JsonSchema } from '../protocol/manifest.ts';
import { Unreadable } from './decode-answer.ts';
import { importedInput } from './imported-input.ts';
import { lazyObject } from './lazy-object.ts';
import { ClientTokens, renewToken } from './oauth.ts';
import { type Change, changeOf, nounOf, readOverrides } from './overrides.ts';
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
  const imported = OperationsFile.safeParse(parseJson(readFileSync(source, 'utf8')));
  if (!imported.success) throw packProblem(shownPath(source), 'it is not what seed packs import writes');
  return commandsOfImport(pack, imported.data, {
    overrides: readFileSync(overriding, 'utf8'),
    file: shownPath(new URL(file)),
    overridesFile: shownPath(overriding),
  });
}

/** The same of what is not written yet. @throws SeedError invalid_settings, naming the file */
export function commandsOfImport(
  pack: string,
  file: OperationsFile,
  written: { overrides: string; file: string; overridesFile: string },
): PackCommand[] {
  const { operations, definitions = {} } = file;
  const overrides = readOverrides(written.overrides, operations, written.overridesFile);
  const platform = platformOf(pack, file, overrides.sendCaller, written.file);
  const { oauth } = platform;
  const tokens = oauth !== null && platform.secret === null ? new ClientTokens(oauth) : null;
  const renew = oauth ? (refreshToken: string) => renewToken(oauth, refreshToken) : undefined;
  const routeOf = routesBelow(pack);
  return operations.flatMap((operation) => {
    const change = changeOf(overrides, operation);
    if (change.hide) return [];
    const name = change.name ?? nameOf(pack, operation, nounOf(overrides, operation));
    const command = commandOf(
      { ...platform, mode: overrides.credential, tokens },
      { operation, definitions },
      name,
      change,
    );
    const operatorOnly = overrides.accounts === 'operator';
    const { credential } = overrides;
    const http = routeOf(operation, name);
    const whole = { ...command, operatorOnly, credential, renew, http } as unknown as PackCommand;
    imported.add(whole);
    return [whole];
  });
}

const imported = new WeakSet<object>();

/** Whether the command is as an import made it. */
export const isImported = (command: PackCommand): boolean => imported.has(command);

/** Within what clients of MCP take, also where the pack's name has to tell the noun from Seed's own. */
function nameOf(pack: string, operation: Operation, noun: string): string {
  const own = isNounTaken(noun) ? `${pack}-${noun}` : noun;
  return `${own} ${shortened(operation.verb, NAME_LENGTH - own.length - 1, keyOf(operation))}`;
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
    reads: change.reads,
    limits: change.limits,
    approval: change.approval,
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
    // What a method does that HTTP does not name is not known.
    creates: effect !== 'read' && !['PUT', 'PATCH', 'DELETE'].includes(operation.method),
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
  if (['GET', 'HEAD', 'QUERY'].includes(method)) return 'read';
  return method === 'DELETE' ? 'destructive' : 'write';
}

/** Describes the answer and takes any: what a platform really answers is not refused. */
function outputOf({ answers, fields }: Operation): z.ZodObject {
  if (answers === 'file')
    return z.looseObject({ name: z.string(), type: z.string(), size: z.number(), content: z.base64() });
  if (answers === 'value') return z.looseObject({ value: z.unknown().optional() });
  if (answers === 'nothing') return z.looseObject({ ok: z.unknown().optional() });
  if (answers === 'object') {
    const inner = Object.entries(fields).map(([name, schema]) => [name, () => described(schema)] as const);
    return lazyObject(inner, { isLoose: true });
  }
  const items = { type: 'array', items: { type: 'object', properties: fields } };
  const nextPage = { type: ['object', 'null'], description: 'The inputs that ask for the next page' };
  const page = [['items', () => described(items)] as const, ['nextPage', () => described(nextPage)] as const];
  return lazyObject(page, { isLoose: true });
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
  const mayRepeat = idempotencyHeaderOf(operation) !== null;
  const isFile = operation.answers === 'file';
  const sending = {
    effect,
    mayRepeat,
    given: context.signal,
    ...(isFile && effect === 'read' && { maxBytes: LIMITS.platformFileBytes }),
  };
  const ask = async () => {
    const platform = await platformFor(given, operation, context);
    const request = platformRequest(platform, described, input, context);
    return { platform, response: await sendToPlatform(platform, request, sending) };
  };
  let { platform, response } = await ask();
  if (response.status === 401 && !response.isSecond && given.tokens !== null && platform.secret !== null) {
    // The platform has ended the token before its time: nothing was done with it.
    given.tokens.forget(platform.secret);
    ({ platform, response } = await ask());
  }
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
type SharedPlatform = Platform & { mode: CredentialMode; tokens: ClientTokens | null };

/** With the secret that this call shows. @throws SeedError credential_missing */
async function platformFor(
  { mode, tokens, ...platform }: SharedPlatform,
  operation: Operation,
  context: CalledContext,
): Promise<Platform> {
  if (mode === 'shared' && tokens === null) return platform;
  if (mode === 'shared')
    return { ...platform, secret: operation.public ? null : ((await tokens?.current()) ?? null) };
  // Never the server's, not even where the document asks for none.
  return { ...platform, isHeld: true, secret: operation.public ? null : await context.credential() };
}

type Http = `${HttpMethod} /${string}`;

/**
 * The route of an imported command: the platform's own path below the pack's name, as far as Seed's routes can be
 * like it. The second operation that would have the same route has one by its name.
 */
function routesBelow(pack: string): (operation: Operation, name: string) => Http {
  const taken = new Set<string>();
  return (operation, name) => {
    const method = routeMethodOf(operation);
    const own: Http = `${method} /${pack}${segmentsOf(operation)}`;
    const named: Http = `${method} /${pack}/${name.replaceAll(' ', '/')}${parametersOf(operation)}`;
    const route = taken.has(shapeOf(own)) ? named : own;
    taken.add(shapeOf(route));
    return route;
  };
}

const ROUTE_METHODS: readonly HttpMethod[] = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'];

/** Seed's own routes know five methods; what others ask goes as a POST. */
function routeMethodOf({ method }: Operation): HttpMethod {
  if (method === 'HEAD') return 'GET';
  return ROUTE_METHODS.find((own) => own === method) ?? 'POST';
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
