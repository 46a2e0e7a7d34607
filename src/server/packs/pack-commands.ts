// A pack's commands as the registry takes them: with the pack's own context, in one transaction a call.
import type { Kysely } from 'kysely';
import type { CommandContext } from '../../commands/context.ts';
import type { Command, ObjectCommand } from '../../commands/define-command.ts';
import type { PackContext } from '../../commands/pack-command.ts';
import { SeedError } from '../../protocol/errors.ts';
import { inPackTransaction } from '../../store/pack-tables.ts';
import type { Store } from '../../store/store.ts';
import { emittedEvents } from './emitted-events.ts';
import type { LoadedPack } from './pack.ts';

export function packCommands(pack: LoadedPack, store: Store): Command[] {
  return pack.commands.map((command): ObjectCommand => {
    const call = async (input: never, context: PackContext<never>) => {
      const output = await command.run(input, context);
      // Here, so that an output that cannot be answered is not kept either.
      command.output.parse(output);
      return output;
    };
    return {
      ...command,
      run: async (given, ctx) => {
        // The server has refused what Postgres cannot store (unkeepable-input.ts).
        const input = given as never;
        const events = emittedEvents(pack, command.effect, ctx.actor.accountId, store);
        const context = { ...contextOf(ctx), clock: store.clock, emit: events.emit };
        if (pack.migrationsFolder === null) {
          const output = await call(input, withoutTables(context, pack));
          if (events.any()) await store.db.transaction().execute(events.write);
          return output;
        }
        const access = command.effect === 'read' ? 'read only' : 'read write';
        const work = (db: Kysely<never>) => call(input, { ...context, db });
        return inPackTransaction(store, pack.name, access, work, events.write);
      },
    };
  });
}

function contextOf({ actor, creationId, signal }: CommandContext) {
  const { id: keyId, name: keyName, scopes, taskId } = actor.key;
  return {
    account: { id: actor.accountId, name: actor.accountName },
    actor: { keyId, keyName, scopes, taskId },
    creationId,
    signal,
  };
}

function withoutTables(context: Omit<PackContext, 'db'>, { name }: LoadedPack): PackContext<never> {
  return {
    ...context,
    get db(): Kysely<never> {
      throw new SeedError('internal', `the pack ${name} has no migrations, and so no tables`);
    },
  };
}
