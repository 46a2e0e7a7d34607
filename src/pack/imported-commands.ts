// The commands of an imported pack: made from its operations.json and overrides.json when a server starts.
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { isNounTaken } from '../command/name-clashes.ts';
import { wordsOf } from '../openapi/names.ts';
import { type Operation, OperationsFile } from '../openapi/operation.ts';
import type { CredentialMode } from '../protocol/credential.ts';
import type { Effect, HttpMethod, JsonSchema } from '../protocol/manifest.ts';
import { type Change, changeOf, readOverrides } from './overrides.ts';
import type { CalledContext, PackCommand } from './pack-command.ts';
import { type Platform, platformOf } from './platform.ts';
import { platformAnswer, refusalOf } from './platform-answer.ts';
import { idempotencyHeaderOf, platformRequest } from './platform-request.ts';
import { packProblem, shownPath } from './problem.ts';
import { hintAfter, sendToPlatform, unavailable } from './send.ts';

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
  const { operations } = imported.data;
  const overrides = readOverrides(readFileSync(overriding, 'utf8'), operations, shownPath(overriding));
  const platform = platformOf(pack, imported.data, overrides.sendCaller, shownPath(new URL(file)));
  const routeOf = routesBelow(pack);
  return operations.flatMap((operation) => {
    const change = changeOf(overrides, operation);
    if (change.hide) return [];
    const noun = overrides.nouns[operation.noun] ?? operation.noun;
    const name = change.name ?? `${isNounTaken(noun) ? `${pack}-${noun}` : noun} ${operation.verb}`;
    const command = commandOf({ ...platform, mode: overrides.credential }, operation, name, change);
    const operatorOnly = overrides.accounts === 'operator';
    const { credential } = overrides;
    return [{ ...command, operatorOnly, credential, http: routeOf(operation, name) } as unknown as PackCommand];
  });
}

function commandOf(platform: SharedPlatform, operation: Operation, name: string, change: Change) {
  const effect = change.effect ?? effectOf(operation);
  const { properties } = operation;
  const key = idempotencyHeaderOf(operation);
  // Where nobody gives one, Seed does.
  const required = operation.required.filter((name) => name !== key?.input);
  const ownScope = `${name.split(' ')[0]}:${effect === 'read' ? 'read' : 'write'}`;
  return {
    name,
    summary: change.summary ?? operation.summary,
    scope: change.scope === undefined ? ownScope : change.scope,
    effect,
    remote: true,
    external: true,
    repeatable: key !== null,
    creates: operation.method === 'POST' && effect !== 'read',
    input: z.fromJSONSchema({ type: 'object', properties, required } as JsonSchema as never),
    output: outputOf(operation),
    examples: change.examples ?? [],
    run: (input: Record<string, unknown>, context: CalledContext) =>
      callPlatform(platform, operation, effect, input, context),
  };
}

function effectOf({ method }: Operation): Effect {
  if (method === 'GET' || method === 'HEAD') return 'read';
  return method === 'DELETE' ? 'destructive' : 'write';
}

/** Describes the answer and takes any: what a platform really answers is not refused. */
function outputOf({ answers, fields }: Operation): z.ZodObject {
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
  operation: Operation,
  effect: Effect,
  input: Record<string, unknown>,
  context: CalledContext,
): Promise<object> {
  const platform = await platformFor(given, operation, context);
  const request = platformRequest(platform, operation, input, context);
  const mayRepeat = idempotencyHeaderOf(operation) !== null;
  const response = await sendToPlatform(platform, request, { effect, mayRepeat, given: context.signal });
  if (response.status < 200 || response.status > 299) throw refusalOf(platform, effect, response);
  const answer = platformAnswer(operation, response);
  if (answer !== null) return answer;
  throw unavailable(platform, 'answers with what is neither JSON nor text', { hint: hintAfter(effect) });
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
