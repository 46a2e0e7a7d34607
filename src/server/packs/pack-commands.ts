// A pack's commands as the registry takes them: with the pack's own context, and where nothing says otherwise in one transaction a
// call.
import type { Kysely } from 'kysely';
import type { Call } from '../../command/call.ts';
import type { Command, ObjectCommand } from '../../command/define-command.ts';
import type { Store } from '../../db/store.ts';
import type { CalledContext, ExternalContext, PackContext } from '../../pack/pack-command.ts';
import { SeedError } from '../../protocol/errors.ts';
import { emittedEvents } from './emitted-events.ts';
import type { LoadedPack } from './pack.ts';
import { inPackTransaction } from './tables.ts';

export function packCommands(pack: LoadedPack, store: Store): Command[] {
  return pack.commands.map((command): ObjectCommand => {
    const { effect, external = false } = command;
    // Without tables there is nothing that a transaction could undo.
    const isOneTransaction = pack.migrationsFolder !== null && !external;
    const access = effect === 'read' ? 'read only' : 'read write';
    const call = async (input: never, context: PackContext<never> | ExternalContext<never>) => {
      const output = await command.run(input, context as never, undefined);
      // Here, so that an output that cannot be answered is not kept either.
      command.output.parse(output);
      return output;
    };
    return {
      ...command,
      transactional: isOneTransaction && effect !== 'read',
      run: async (given, ctx) => {
        // The server has refused what Postgres cannot store (unkeepable-input.ts).
        const input = given as never;
        const events = emittedEvents(pack, effect, ctx.actor.accountId, store);
        const context = { ...contextOf(ctx), clock: store.clock, emit: events.emit };
        if (isOneTransaction) {
          const work = (db: Kysely<never>) => call(input, { ...context, db });
          return inPackTransaction(ctx.store.db, pack.name, access, work, events.write);
        }
        const output = await call(
          input,
          externalContext(context, pack, (work) => inPackTransaction(store.db, pack.name, access, work)),
        );
        if (events.any()) await store.db.transaction().execute(events.write);
        return output;
      },
    };
  });
}

function contextOf({ actor, creationId, gone }: Call) {
  const { id: keyId, name: keyName, scopes, taskId } = actor.key;
  return {
    account: { id: actor.accountId, name: actor.accountName },
    actor: { keyId, keyName, scopes, taskId },
    creationId,
    signal: gone(),
  };
}

/** Which has no `db`: whoever asks for it is told why. */
function externalContext(
  context: CalledContext,
  { name, migrationsFolder }: LoadedPack,
  transaction: ExternalContext<never>['transaction'],
): ExternalContext<never> {
  const why =
    migrationsFolder === null
      ? `the pack ${name} has no migrations, and so no tables`
      : `a command of the pack ${name} is external: its tables are in \`transaction\`, not in \`db\``;
  return {
    ...context,
    get transaction() {
      if (migrationsFolder === null) throw new SeedError('internal', why);
      return transaction;
    },
    get db(): never {
      throw new SeedError('internal', why);
    },
  } as ExternalContext<never>;
}
