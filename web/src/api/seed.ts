// The signed-in Seed: who the key is, what it may do, and calls of its commands, typed as the server defines them.
import { queryOptions } from '@tanstack/react-query';
import { parseExactly } from '../../../src/lib/exact-json.ts';
import { restCall } from '../../../src/lib/rest-call.ts';
import type { Manifest, ManifestCommand } from '../../../src/protocol/manifest.ts';
import type { BuiltIn } from '../../../src/server/built-in.ts';
import { AnswerError, request } from './request.ts';

type Who = CommandOutput<'whoami'>;

/** Beside the input: what `fetch` takes, and files that a command takes along. */
interface CallOptions extends RequestInit {
  files?: readonly File[];
  /** Numbers that JavaScript cannot hold keep their digits, for what is shown and not reckoned with. */
  exact?: boolean;
}

export interface Seed extends Who {
  manifest: Manifest;
  /** Whether the key may use the command; a pack's as well. */
  may(name: string): boolean;
  /** @throws AnswerError */
  call<Name extends CommandName>(
    name: Name,
    input: CommandInput<Name>,
    options?: CallOptions,
  ): Promise<CommandOutput<Name>>;
  /** The answer itself, for files and streams. @throws AnswerError */
  open<Name extends CommandName>(name: Name, input: CommandInput<Name>, options?: CallOptions): Promise<Response>;
}

/** @throws AnswerError not_authenticated when nobody is signed in */
async function openSeed(): Promise<Seed> {
  const read = async (path: string) => (await request(path)).json();
  const [who, manifest] = await Promise.all([read('/api/v1/whoami'), read('/api/v1/commands')]);
  return seedOf(who, manifest);
}

function seedOf(who: Who, manifest: Manifest): Seed {
  const commands = new Map(manifest.commands.map((command) => [command.name, command]));
  const open: Seed['open'] = (name, input, { files = [], exact: _, ...init } = {}) => {
    const { method, path, body } = restCall(allowed(commands, name), input as Record<string, unknown>);
    const headers = new Headers(init.headers);
    if (files.length > 0) return request(path, { ...init, method, headers, body: formOf(body, files) });
    if (body !== null) headers.set('Content-Type', 'application/json');
    return request(path, { ...init, method, headers, body });
  };
  return {
    ...who,
    manifest,
    may: (name) => commands.has(name),
    open,
    call: async (name, input, options) => {
      const answer = await open(name, input, options);
      return options?.exact ? (parseExactly(await answer.text()) as CommandOutput<typeof name>) : answer.json();
    },
  };
}

/** What `tasks run` takes with files: the JSON as the part `task`, and a part `file` for each. */
function formOf(json: string | null, files: readonly File[]): FormData {
  const form = new FormData();
  form.set('task', json ?? '{}');
  for (const file of files) form.append('file', file, file.name);
  return form;
}

function allowed(commands: ReadonlyMap<string, ManifestCommand>, name: string): ManifestCommand {
  const command = commands.get(name);
  if (command) return command;
  throw new AnswerError('missing_scope', `This key may not use "${name}"`, {
    hint: 'Sign in with a key that has the scope, or have one created.',
  });
}

/** The signed-in Seed, asked for anew when somebody comes back after a while: a key's scopes can change. */
export const seedQuery = queryOptions({
  queryKey: ['seed'],
  queryFn: openSeed,
  staleTime: 60_000,
  gcTime: Number.POSITIVE_INFINITY,
});

type Types = { [Each in BuiltIn as Each['name']]: NonNullable<Each['types']> };

export type CommandName = keyof Types;
export type CommandInput<Name extends CommandName> = Types[Name]['input'];
/** The body of the answer; of a stream command, one item. */
export type CommandOutput<Name extends CommandName> = Types[Name]['output'];

export type ListCommand = {
  [Name in CommandName]: CommandOutput<Name> extends { nextCursor: string | null } ? Name : never;
}[CommandName];
export type ItemOf<Name extends ListCommand> =
  CommandOutput<Name> extends { items: (infer Item)[] } ? Item : never;
