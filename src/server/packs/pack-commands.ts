// A pack's commands as the registry takes them: with the pack's own context, and unless said in one transaction.
import type { Kysely } from 'kysely';
import type { Call } from '../../command/call.ts';
import type { Command, FileCommand } from '../../command/define-command.ts';
import type { Store } from '../../db/store.ts';
import type { Tx } from '../../db/tables.ts';
import type { LoadedPack } from '../../pack/definition.ts';
import type { CalledContext, ExternalContext, PackContext, Renew } from '../../pack/pack-command.ts';
import { SeedError } from '../../protocol/errors.ts';
import { createEventTypes } from '../../protocol/event-types.ts';
import type { Effect } from '../../protocol/manifest.ts';
import { emitEvent, type NewEvent } from '../webhooks/events.ts';
import { openPackTables } from './tables.ts';

/** What the calls of this actor show the platform of the pack. Throws SeedError credential_missing. */
export type CredentialFor = (wanted: {
  pack: string;
  mode: HeldMode;
  actor: Call['actor'];
  renew: Renew | null;
}) => Promise<string>;
type HeldMode = Exclude<LoadedPack['credential'], 'shared'>;

export function packCommands(pack: LoadedPack, store: Store, credentialFor: CredentialFor): Command[] {
  const tables = openPackTables(pack.name, store);
  return pack.commands.map((command): Command => {
    if ('file' in command) {
      const needs = (actor: Call['actor']) => ({
        credential: credentialOf(pack, actor, credentialFor),
        clock: store.clock,
      });
      return fileCommand(command as never, needs);
    }
    const { effect, external = false } = command;
    // Without tables there is nothing that a transaction could undo.
    const isOneTransaction = pack.migrationsFolder !== null && !external;
    const access = effect === 'read' ? 'read only' : 'read write';
    const call = async (input: never, context: PackContext<never> | ExternalContext<never>) => {
      const output = await command.run(input, context as never, undefined);
      // Here, so that what comes with an output that cannot be answered is not kept either.
      if (effect !== 'read') command.output.parse(output);
      return output;
    };
    return {
      ...command,
      transactional: isOneTransaction && effect !== 'read',
      run: async (given, ctx) => {
        // The server has refused what Postgres cannot store (unkeepable-input.ts).
        const input = given as never;
        const { accountId } = ctx.actor;
        const events = emittedEvents(pack, effect, accountId, store);
        const context = Object.assign(contextOf(ctx), {
          credential: credentialOf(pack, ctx.actor, credentialFor),
          clock: store.clock,
          emit: events.emit,
        });
        if (isOneTransaction) {
          const work = (db: Kysely<never>) => call(input, Object.assign(context, { db }));
          const whole = { accountId, tellsBrokenRules: true, afterwards: events.write };
          return tables.inTransaction(ctx.store.db, { ...whole, access }, work);
        }
        const transaction = <R>(work: (db: Kysely<never>) => Promise<R>) =>
          tables.inTransaction(store.db, { accountId, access, tellsBrokenRules: effect === 'read' }, work);
        const output = await call(input, externalContext(context, pack, transaction));
        if (events.any()) await store.db.transaction().execute(events.write);
        return output;
      },
    };
  });
}

/** It only reads, and has nothing to emit. */
function fileCommand(
  command: FileCommand,
  needs: (actor: Call['actor']) => Pick<CalledContext, 'credential' | 'clock'>,
): Command {
  const emit = () => {
    throw new SeedError('internal', `"${command.name}" answers with a file and emits nothing`);
  };
  return {
    ...command,
    file: (input, ctx) =>
      command.file(input, { ...contextOf(ctx), ...needs(ctx.actor), emit } as never, undefined),
  };
}

function contextOf({ actor, creationId, gone }: Call) {
  const { id: keyId, name: keyName, scopes, taskId } = actor.key;
  return {
    account: { id: actor.accountId, name: actor.accountName },
    actor: { keyId, keyName, scopes, taskId },
    creationId,
    // Made for who asks for it: it costs as much as a short request.
    get signal() {
      return gone();
    },
  };
}

function credentialOf(
  { name, credential: mode, renew }: LoadedPack,
  actor: Call['actor'],
  credentialFor: CredentialFor,
) {
  return async () => {
    if (mode !== 'shared') return credentialFor({ pack: name, mode, actor, renew });
    throw new SeedError('internal', `the pack ${name} does not say whose credential it shows: \`credential\``);
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
  return Object.defineProperties(context, {
    transaction: {
      get() {
        if (migrationsFolder === null) throw new SeedError('internal', why);
        return transaction;
      },
    },
    db: {
      get(): never {
        throw new SeedError('internal', why);
      },
    },
  }) as ExternalContext<never>;
}

/** What one call emits: gathered while it runs, written in its transaction when it has done its work. */
function emittedEvents(
  { name, events = [] }: LoadedPack,
  effect: Effect,
  accountId: string,
  { clock }: Pick<Store, 'clock'>,
) {
  const types = createEventTypes(events);
  const emitted: NewEvent[] = [];
  return {
    /** @throws SeedError internal: of a command that only reads, or a type that the pack does not declare */
    emit(type: string, data: Record<string, unknown>): void {
      if (effect === 'read')
        throw new SeedError('internal', `a command of the pack ${name} that only reads emits "${type}"`);
      types.refuseUndeclared(type);
      emitted.push({ accountId, type, data });
    },
    any: () => emitted.length > 0,
    async write(tx: Tx): Promise<void> {
      for (const event of emitted) await emitEvent(tx, event, clock.now());
    },
  };
}
