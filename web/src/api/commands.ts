// What each built-in command takes and answers, by the server's own definitions. Types only: none are bundled.
import type { BuiltIn } from '../../../src/server/built-in.ts';

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
