// Commands as a manifest: what the CLI, the agent's prompt and GET /api/v1/commands are made from.
import type { HttpMethod, Manifest, ManifestCommand } from '../protocol/manifest.ts';
import { type Command, isStream } from './define-command.ts';
import { toJsonSchema } from './json-schema.ts';

export function toManifest(commands: readonly Command[], version: string): Manifest {
  return { version, commands: commands.map(toManifestCommand) };
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
    output: isStream(command) ? 'stream' : 'items' in command.output.shape ? 'list' : 'object',
    columns: isStream(command) ? [] : [...(command.columns ?? [])],
    examples: [...(command.examples ?? [])],
    creates: !isStream(command) && command.creates === true,
    follow: isStream(command) ? null : (command.follow ?? null),
  };
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
