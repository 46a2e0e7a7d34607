// What each built-in command takes and answers, from the very definitions that the server runs. Types only: nothing of them
// is in the bundle.
import type * as accounts from '../../../src/commands/accounts.ts';
import type * as artifacts from '../../../src/commands/artifacts.ts';
import type * as audit from '../../../src/commands/audit.ts';
import type * as keys from '../../../src/commands/keys.ts';
import type * as models from '../../../src/commands/models.ts';
import type * as obs from '../../../src/commands/obs.ts';
import type * as packs from '../../../src/commands/packs.ts';
import type * as sandboxes from '../../../src/commands/sandboxes.ts';
import type * as tasks from '../../../src/commands/tasks.ts';
import type * as templates from '../../../src/commands/templates.ts';
import type * as webhookDeliveries from '../../../src/commands/webhook-deliveries.ts';
import type * as webhookEvents from '../../../src/commands/webhook-events.ts';
import type * as webhooks from '../../../src/commands/webhooks.ts';
import type * as whoami from '../../../src/commands/whoami.ts';

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
  | ExportsOf<typeof templates>
  | ExportsOf<typeof webhookDeliveries>
  | ExportsOf<typeof webhookEvents>
  | ExportsOf<typeof webhooks>
  | ExportsOf<typeof whoami>,
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
