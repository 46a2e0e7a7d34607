// What a caller gave one task to show platforms: kept sealed from its acceptance to its end, outside the sandbox.
// Called by tasks/accept.ts and tasks/transition.ts, and for each call of a pack by held.ts.
import type { Db, Tx } from '../../db/tables.ts';
import { seal, unseal } from '../../lib/seal.ts';
import type { CredentialMode, TaskCredentials } from '../../protocol/credential.ts';
import { SeedError } from '../../protocol/errors.ts';

/** @throws SeedError invalid_input: for a pack that is not there, or takes none of its callers */
export function refuseUnwanted(given: TaskCredentials, modeOf: (pack: string) => CredentialMode | null): void {
  for (const pack of Object.keys(given)) {
    const mode = modeOf(pack);
    if (mode === 'caller') continue;
    const why = mode === null ? 'there is no such pack' : `its calls show a credential of another kind: ${mode}`;
    throw new SeedError('invalid_input', `credentials.${pack}: ${why}`, { hint: 'Leave it out.' });
  }
}

interface NewTaskCredentials {
  taskId: string;
  /** Whose credentials are the task's, too, where it is given none of its own; null: no task posted it. */
  parentTaskId: string | null;
  given: TaskCredentials;
}

/** In the transaction that accepts the task, which holds the parent: that one's are there until it has ended. */
export async function keepTaskCredentials(
  tx: Tx,
  { taskId, parentTaskId, given }: NewTaskCredentials,
  secretsKey: string,
): Promise<void> {
  const secrets = new Map<string, string>();
  if (parentTaskId !== null) {
    const inherited = await tx
      .selectFrom('task_credentials')
      .select(['pack', 'sealed'])
      .where('task_id', '=', parentTaskId)
      .execute();
    for (const { pack, sealed } of inherited) {
      const secret = unseal(sealed, secretsKey, placeOf(parentTaskId, pack));
      if (secret !== null) secrets.set(pack, secret);
    }
  }
  for (const [pack, { token }] of Object.entries(given)) secrets.set(pack, token.reveal());
  if (secrets.size === 0) return;
  const rows = [...secrets].map(([pack, secret]) => ({
    task_id: taskId,
    pack,
    sealed: seal(secret, secretsKey, placeOf(taskId, pack)),
  }));
  await tx.insertInto('task_credentials').values(rows).execute();
}

/** In the transaction that ends the task. */
export async function dropTaskCredentials(tx: Tx, taskId: string): Promise<void> {
  await tx.deleteFrom('task_credentials').where('task_id', '=', taskId).execute();
}

/** Null: it was given none for the pack, or has ended. */
export async function readGivenCredential(
  db: Db,
  { taskId, pack }: { taskId: string; pack: string },
  secretsKey: string,
): Promise<string | null> {
  const row = await db
    .selectFrom('task_credentials')
    .select('sealed')
    .where('task_id', '=', taskId)
    .where('pack', '=', pack)
    .executeTakeFirst();
  return row ? unseal(row.sealed, secretsKey, placeOf(taskId, pack)) : null;
}

function placeOf(taskId: string, pack: string): string {
  return `credential of task ${taskId} ${pack}`;
}
