// What each built-in command takes and answers, from the very definitions that the server runs. Types only: nothing of them
// is in the bundle.
import type * as accounts from '../../../src/server/access/account-commands.ts';
import type * as audit from '../../../src/server/access/audit-commands.ts';
import type * as keys from '../../../src/server/access/key-commands.ts';
import type * as artifacts from '../../../src/server/files/commands.ts';
import type * as models from '../../../src/server/models/commands.ts';
import type * as packs from '../../../src/server/packs/commands.ts';
import type * as sandboxes from '../../../src/server/runners/commands.ts';
import type * as tasks from '../../../src/server/tasks/commands.ts';
import type * as obs from '../../../src/server/telemetry/commands.ts';
import type * as webhooks from '../../../src/server/webhooks/commands.ts';
import type * as webhookDeliveries from '../../../src/server/webhooks/delivery-commands.ts';
import type * as webhookEvents from '../../../src/server/webhooks/event-commands.ts';

type ExportsOf<Module> = Module[keyof Module];
type BuiltIn = Extract<
  | ExportsOf<typeof accounts>
  | ExportsOf<typeof artifacts>
  | ExportsOf<typeof audit>
  | ExportsOf<typeof keys>
  | ExportsOf<typeof models>
  | ExportsOf<typeof obs>
  | ExportsOf<typeof packs>
  | ExportsOf<typeof sandboxes>
  | ExportsOf<typeof tasks>
  | ExportsOf<typeof webhookDeliveries>
  | ExportsOf<typeof webhookEvents>
  | ExportsOf<typeof webhooks>,
  { name: string; types?: { input: unknown; output: unknown } }
>;

type Types = { [Each in BuiltIn as Each['name']]: NonNullable<Each['types']> };

/** `keys list`, `tasks run`, … */
export type CommandName = keyof Types;
export type CommandInput<Name extends CommandName> = Types[Name]['input'];
/** The body of the answer; of a stream command, one item. */
export type CommandOutput<Name extends CommandName> = Types[Name]['output'];

/** Commands that answer with pages. */
export type ListCommand = {
  [Name in CommandName]: CommandOutput<Name> extends { nextCursor: string | null } ? Name : never;
}[CommandName];
export type ItemOf<Name extends ListCommand> =
  CommandOutput<Name> extends { items: (infer Item)[] } ? Item : never;
