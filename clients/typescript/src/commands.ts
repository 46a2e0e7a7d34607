// Commands by their names: where each is called, and what it is given and answers.
import { COMMANDS } from './generated/commands.ts';
import type { BuiltInCommands } from './generated/types.ts';
import { ask, type Connection } from './http.ts';

/**
 * Every command by its name. `seed client types > seed.d.ts` adds those of your own platform:
 * `declare module 'seed-client' { interface Commands { … } }`.
 */
export interface Commands extends BuiltInCommands {}

export type Kind = 'object' | 'list' | 'stream' | 'file';

/** Where a command is called. */
export interface Place {
  method: string;
  /** Under /api/v1, with {parameters}. */
  path: string;
  kind: Kind;
}

const KINDS: Record<string, Kind> = { l: 'list', s: 'stream', f: 'file' };

/** `GET /keys l` → its parts. */
function placeIn(line: string): Place {
  const [method = '', path = '', kind = ''] = line.split(' ');
  return { method, path, kind: KINDS[kind] ?? 'object' };
}

/** What the platform says of a command; the rest of it is not needed here. */
interface ToldCommand {
  name: string;
  http: { method: string; path: string };
  output: Kind;
}

/** Finds commands: those of Seed itself at once, others in what the platform says it has, which is asked once. */
export function createPlaces(connection: Connection): (name: string) => Promise<Place | undefined> {
  let told: Promise<Map<string, Place>> | null = null;
  const askAll = async () => {
    const told = await ask(connection, { method: 'GET', path: '/commands' });
    const { commands } = told as { commands: ToldCommand[] };
    return new Map(commands.map(({ name, http, output }) => [name, { ...http, kind: output }]));
  };
  return async (name) => {
    const known = COMMANDS[name];
    if (known !== undefined) return placeIn(known);
    told ??= askAll();
    try {
      return (await told).get(name);
    } catch (error) {
      // Asked again by the next call.
      told = null;
      throw error;
    }
  };
}

/** Words as they are written in TypeScript: `tasks artifacts get`, `webhooks default-secret rotate`. */
export const camelCase = (word: string) => word.replace(/[-_](\w)/g, (_, letter: string) => letter.toUpperCase());

/** The input's path parameters in their places; the rest in the query of a GET and the body of others. */
export function requestOf(
  { method, path }: Place,
  input: Record<string, unknown>,
): { path: string; body?: string } {
  const rest = { ...input };
  const filled = path.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = rest[name];
    delete rest[name];
    const text = value === undefined || value === null ? '' : textOf(value);
    if (text === '' || text === '.' || text === '..')
      throw new TypeError(`${name} cannot be ${JSON.stringify(text)}`);
    return encodeURIComponent(text);
  });
  const given = Object.entries(rest).filter(([, value]) => value !== undefined);
  if (method !== 'GET') return { path: filled, ...(given.length > 0 && { body: JSON.stringify(rest) }) };
  const texts = given.map(([name, value]): [string, string] => [name, textOf(value)]);
  const query = new URLSearchParams(texts).toString();
  return { path: query === '' ? filled : `${filled}?${query}` };
}

const textOf = (value: unknown) => (typeof value === 'string' ? value : JSON.stringify(value));
