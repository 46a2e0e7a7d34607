// Commands as a manifest: what the CLI, the agent's prompt and GET /api/v1/commands are made from.
import type { HttpMethod, Manifest, ManifestCommand, ToldCommand } from '../protocol/manifest.ts';
import { type Command, isFile, isObject, isStream } from './define-command.ts';
import { toJsonSchema } from './json-schema.ts';

export function toManifest(commands: readonly Command[], version: string): Manifest {
  return { version, commands: commands.map(toManifestCommand) };
}

/** The same as an agent is told of it at its start. */
export function toTold(commands: readonly Command[]): ToldCommand[] {
  return commands.map(({ name, summary, effect, http }) => {
    return { name, summary, effect, positional: pathParameters(parseHttp(http).path) };
  });
}

function toManifestCommand(command: Command): ManifestCommand {
  const { method, path } = parseHttp(command.http);
  return {
    name: command.name,
    summary: command.summary,
    http: { method, path },
    scope: command.scope,
    effect: command.effect,
    input: toJsonSchema(command.input, 'input'),
    positional: pathParameters(path),
    output: outputOf(command),
    columns: isObject(command) ? [...(command.columns ?? [])] : [],
    examples: [...(command.examples ?? [])],
    creates: isObject(command) && command.creates === true,
    follow: isObject(command) ? (command.follow ?? null) : null,
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
