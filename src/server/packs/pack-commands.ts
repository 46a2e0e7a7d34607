// A pack's commands as the registry takes them: with the pack's own context, and unless said in one transaction.
import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import type { Kysely } from 'kysely';
import type { Call } from '../../command/call.ts';
import type { Command, SentFile } from '../../command/define-command.ts';
import type { Store } from '../../db/store.ts';
import type { Tx } from '../../db/tables.ts';
import type { Answer, LoadedPack } from '../../pack/definition.ts';
import type { GivenOut, PackFileCommand } from '../../pack/files.ts';
import type { CalledContext, ExternalContext, PackCommand, PackContext, Renew } from '../../pack/pack-command.ts';
import { formsOf } from '../../pack/settings.ts';
import type { TaskContext } from '../../pack/task-commands.ts';
import type { ShownCredential } from '../../protocol/credential.ts';
import { SeedError } from '../../protocol/errors.ts';
import { createEventTypes } from '../../protocol/event-types.ts';
import { LIMITS } from '../../protocol/limits.ts';
import type { Effect } from '../../protocol/manifest.ts';
import type { Task } from '../../protocol/task.ts';
import { emitEvent, type NewEvent } from '../webhooks/events.ts';
import { openPackTables } from './tables.ts';
import { withoutSecrets } from './without-secrets.ts';

/** What the calls of this actor show the platform of the pack. Throws SeedError credential_missing. */
export type CredentialFor = (wanted: {
  pack: string;
  mode: HeldMode;
  actor: Call['actor'];
  /** What the request brought; undefined: nothing. */
  given: ShownCredential | undefined;
  renew: Renew | null;
}) => Promise<string>;
type HeldMode = Exclude<LoadedPack['credential'], 'shared'>;

/** Starts a task for the caller of a command whose work an agent does. */
export type StartTask = (wanted: Parameters<TaskContext['startTask']>[0], call: Call) => Promise<Task>;

export function packCommands(
  pack: LoadedPack,
  store: Store,
  credentialFor: CredentialFor,
  startTask: StartTask,
): Command[] {
  const run = runnerOf(pack, store, { credentialFor, startTask });
  const platform = { pack: pack.name, credential: pack.credential };
  return pack.commands.map((command): Command => {
    const { effect, external = false } = command;
    if (isPackFile(command)) {
      const file = (input: unknown, call: Call) =>
        run(command, call, (context) => command.file(input as never, context as never));
      return { ...command, platform, file: async (input, call) => sentFile(await file(input, call)) };
    }
    const work = async (input: unknown, context: unknown) => {
      const next = async () => (await command.run(input as never, context as never, undefined)) as Answer;
      const called = { command, input, context } as never;
      const output = await (pack.around?.(called, next) ?? next());
      // Here, so that an output that cannot be answered is not kept either.
      if (effect !== 'read') command.output.parse(output);
      return output;
    };
    const { version, ...described } = command;
    return {
      ...described,
      platform,
      ...(version && {
        version: (input: Record<string, unknown>, call: Call) =>
          run(command, call, (context) => version(input, context as never, undefined)),
      }),
      transactional: hasOneTransaction(pack, external) && effect !== 'read',
      run: (input, call) => run(command, call, (context) => work(input, context)),
    };
  });
}

/** Without tables there is nothing that a transaction could undo. */
const hasOneTransaction = ({ migrationsFolder }: LoadedPack, external: boolean) =>
  migrationsFolder !== null && !external;

type Context = PackContext<never> | ExternalContext<never>;

/** Runs what a command of the pack does, with what it is given, and takes secrets out of what it throws. */
function runnerOf(
  pack: LoadedPack,
  store: Store,
  { credentialFor, startTask }: { credentialFor: CredentialFor; startTask: StartTask },
) {
  const tables = openPackTables(pack.name, store);
  const { config, secrets } = pack.settings;
  const secretForms = formsOf(secrets);
  const run = async <Result>(
    { effect, external = false }: Pick<PackCommand, 'effect' | 'external'>,
    call: Call,
    work: (context: Context) => Promise<Result>,
  ): Promise<Result> => {
    const access = effect === 'read' ? 'read only' : 'read write';
    const { accountId } = call.actor;
    const events = emittedEvents(pack, effect, { accountId, taskId: call.actor.key.taskId }, store);
    const context = Object.assign(contextOf(call), {
      config,
      secrets,
      credential: credentialOf(pack, call, credentialFor),
      clock: store.clock,
      emit: events.emit,
    });
    if (hasOneTransaction(pack, external)) {
      const whole = { accountId, access, tellsBrokenRules: true, afterwards: events.write } as const;
      return tables.inTransaction(call.store.db, whole, (db) => work(Object.assign(context, { db })));
    }
    const transaction = <R>(inner: (db: Kysely<never>) => Promise<R>) =>
      tables.inTransaction(store.db, { accountId, access, tellsBrokenRules: effect === 'read' }, inner);
    const calling = Object.assign(context, {
      startTask: (wanted: Parameters<TaskContext['startTask']>[0]) => startTask(wanted, call),
    });
    const result = await work(externalContext(calling, pack, transaction));
    if (events.any()) await store.db.transaction().execute(events.write);
    return result;
  };
  return <Result>(
    command: Pick<PackCommand, 'effect' | 'external'>,
    call: Call,
    work: (context: Context) => Promise<Result>,
  ) =>
    run(command, call, work).catch((error) => {
      throw withoutSecrets(error, secretForms);
    });
}

function isPackFile(command: PackCommand | PackFileCommand): command is PackFileCommand {
  return 'file' in command;
}

function sentFile(given: GivenOut | SentFile): SentFile {
  // Of an imported one it is what has come of the platform.
  if ('sha256' in given) return given;
  const { name, type, content } = given;
  const bytes = Buffer.from(content as Uint8Array);
  if (bytes.length > LIMITS.fileBytesPerTask)
    throw new SeedError('internal', `a command gives a file of more than ${LIMITS.fileBytesPerTask} bytes`);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return { name, type, size: bytes.length, sha256, content: Readable.from([bytes], { objectMode: false }) };
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
  { actor, platformCredential: given }: Pick<Call, 'actor' | 'platformCredential'>,
  credentialFor: CredentialFor,
) {
  return async () => {
    if (mode !== 'shared') return credentialFor({ pack: name, mode, actor, given, renew });
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
  whose: Pick<NewEvent, 'accountId' | 'taskId'>,
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
      emitted.push({ ...whose, type, data });
    },
    any: () => emitted.length > 0,
    async write(tx: Tx): Promise<void> {
      for (const event of emitted) await emitEvent(tx, event, clock.now());
    },
  };
}
