// What `tasks continue` does: finds out what a task has of those before it, and accepts it as any other, with a
// key, a deadline and a bill of its own. The database decides between two that go on from the same task.
import { isDeepStrictEqual } from 'node:util';
import type { Actor, Call } from '../../command/call.ts';
import { sqlStateOf } from '../../db/database-failure.ts';
import type { Db, StoredFile, TaskRow } from '../../db/tables.ts';
import { SeedError } from '../../protocol/errors.ts';
import { isReceived } from '../../protocol/file.ts';
import { clashingName } from '../../protocol/file-name.ts';
import { LIMITS } from '../../protocol/limits.ts';
import { allows, grantScopes } from '../../protocol/scope.ts';
import { isTerminal } from '../../protocol/statuses.ts';
import type { ContinueTaskBody, RunTaskBody, Task } from '../../protocol/task.ts';
import { refuseUnknownScopes, taskOf } from '../access/lineage.ts';
import { type AcceptNeeds, acceptOnce } from './accept.ts';
import { conversationTasks } from './conversation.ts';
import { conversationForgotten, type From } from './from-before.ts';
import { isTaskBelow, noSuchTask } from './rows.ts';

/**
 * Accepts a task that goes on from an ended one, or finds it accepted by an earlier attempt of the same request.
 * @throws SeedError not_found, not_allowed, missing_scope, conversation_busy, conversation_forgotten, conflict,
 * and what `tasks run` throws
 */
export async function continueOnce(call: Call, input: ContinueTaskBody, needs: AcceptNeeds): Promise<Task> {
  const { actor, store } = call;
  const known = await needs.find(actor.accountId, call.creationId);
  if (known) return known;
  const before = await taskToContinue(store.db, actor, input.id);
  const scopes = needs.scopesFor(actor.operator);
  const given = scopesOf(input, before, scopes);
  const caller = grantScopes(given, actor.key.scopes, scopes);
  const added = addedFiles(input, await needs.files.findUploads(actor, input.uploads));
  const files = keptFiles(before, added);
  const workspace = workspaceOf(before, store.clock.now());
  const from: From = {
    taskId: before.id,
    conversationId: before.conversation_id ?? before.id,
    notes: [
      ...endingNotes(before),
      ...(await forgottenNotes(store.db, before)),
      ...scopeNotes(before, caller.effective, input.scopes === undefined),
      ...workspace.notes,
      ...fileNotes(before, files, added),
    ],
    workspace: workspace.found,
    files,
  };
  return acceptOnce(call, bodyOf(input, before, given), needs, from).catch(async (error) => {
    throw sqlStateOf(error) === '23505' ? await busy(store.db, before.id, error) : error;
  });
}

/** The task, ended, of which everything is known that is to be gone on from. */
async function taskToContinue(db: Db, actor: Actor, id: string): Promise<TaskRow> {
  const task = await db
    .selectFrom('tasks')
    .selectAll()
    .where('account_id', '=', actor.accountId)
    .where('id', '=', id)
    .executeTakeFirst();
  if (!task) throw noSuchTask(id);
  const own = taskOf(actor.lineage);
  if (own !== null && !(await isTaskBelow(db, id, own)))
    throw new SeedError('not_allowed', 'an agent goes on from tasks that it has started, and from no others');
  if (!allows(actor.key.scopes, 'tasks:read'))
    throw new SeedError('missing_scope', 'to go on from a task is to read it: the key lacks tasks:read', {
      hint: 'Use a key that has tasks:read and tasks:write.',
    });
  if (task.forgotten_at !== null) throw conversationForgotten(task);
  if (!isTerminal(task.status))
    throw new SeedError('conversation_busy', `the task ${id} has not ended: it is ${task.status}`, {
      hint: `Wait for its end, end it with "seed tasks stop ${id}", or tell it more with "seed tasks message ${id}".`,
    });
  return task;
}

async function busy(db: Db, id: string, cause: unknown): Promise<unknown> {
  const next = await db
    .selectFrom('tasks')
    .select(['id', 'status', 'forgotten_at'])
    .where('continues', '=', id)
    .executeTakeFirst();
  // Gone by now, or it was another row that clashed.
  if (next === undefined) return cause;
  if (next.forgotten_at !== null) return conversationForgotten(next);
  if (isTerminal(next.status))
    return new SeedError('conflict', `the task ${next.id} has gone on from ${id} already`, {
      hint: `Go on from that one: seed tasks continue ${next.id}`,
      cause,
    });
  return new SeedError('conversation_busy', `the task ${next.id} goes on from ${id} at this moment`, {
    hint: `Wait for its end and go on from it, or tell it more with "seed tasks message ${next.id}".`,
    cause,
  });
}

/** At most what the task before could do, of scopes that there still are. @throws SeedError not_allowed */
function scopesOf(input: ContinueTaskBody, before: TaskRow, known: readonly string[]): string[] {
  const had = before.scopes.effective.filter((scope) => known.includes(scope));
  if (input.scopes === undefined) return had;
  refuseUnknownScopes(input.scopes, known);
  // Of a pattern it is as much as that one had; a scope that is named is wanted.
  const wider = input.scopes.filter((scope) => !scope.includes('*') && !had.includes(scope));
  if (wider.length > 0)
    throw new SeedError('not_allowed', `the task ${before.id} did not have ${wider.join(', ')}`, {
      hint: 'A task that goes on from another has at most its scopes. Start a new one with "seed tasks run".',
    });
  return had.filter((scope) => allows(input.scopes ?? [], scope));
}

function bodyOf(input: ContinueTaskBody, before: TaskRow, scopes: string[]): RunTaskBody {
  const { id: _, model, models, ...given } = input;
  const asked = model === undefined && models === undefined;
  return {
    ...given,
    scopes,
    timeout: input.timeout ?? before.timeout_ms,
    resources: input.resources ?? before.resources,
    limits: [...before.limits, ...(input.limits ?? []).filter((limit) => !isAmong(limit, before.limits))],
    keep: input.keep ?? before.keep ?? undefined,
    approval: before.approval,
    loop: before.loop,
    ...(asked && { models: [before.model, ...before.fallback_models] }),
    ...(model !== undefined && { model }),
    ...(models !== undefined && { models }),
  };
}

const isAmong = (one: unknown, all: readonly unknown[]) => all.some((other) => isDeepStrictEqual(other, one));

type AddedFile = Pick<StoredFile, 'name' | 'size'>;

function addedFiles({ files }: ContinueTaskBody, uploaded: readonly StoredFile[]): AddedFile[] {
  const received = files.filter(isReceived).map(({ name, content }) => ({ name, size: content.size }));
  return [...received, ...uploaded];
}

/** The files of the one before; a new one of the same name takes the place. None where they would be too much. */
function keptFiles(before: TaskRow, added: readonly AddedFile[]): StoredFile[] {
  const names = new Set(added.map(({ name }) => name));
  const files = before.files.filter(({ name }) => !names.has(name));
  const bytes = [...files, ...added].reduce((sum, { size }) => sum + size, 0);
  const fits = files.length + names.size <= LIMITS.filesPerTask && bytes <= LIMITS.fileBytesPerTask;
  return fits && clashingName([...names, ...files.map(({ name }) => name)]) === null ? files : [];
}

function endingNotes({ status, error }: TaskRow): string[] {
  if (status === 'completed') return [];
  const why = error === null ? '' : `: ${error.message}`;
  return [`The task before did not complete, it ${ENDS[status] ?? 'ended'}${why}`.replace(/\.?$/, '.')];
}

const ENDS: Partial<Record<Task['status'], string>> = {
  failed: 'failed',
  timed_out: 'reached its time-out and was killed',
  stopped: 'was stopped',
};

/** @throws SeedError conversation_forgotten when nothing of the task itself is kept */
async function forgottenNotes(db: Db, before: TaskRow): Promise<string[]> {
  const tasks = await conversationTasks(db, before.id);
  if (!tasks[0]?.kept)
    throw new SeedError('conversation_forgotten', `what was said in the task ${before.id} is not kept any more`, {
      hint: 'Start a new task with "seed tasks run", and say in it what it should know.',
    });
  const lacks = tasks.some(({ kept }) => !kept) || tasks.length === LIMITS.conversationTasks;
  const cut = before.events_dropped ? ['Not all that the task before said and did is kept: it was too much.'] : [];
  return lacks ? [...cut, 'What was said at the beginning of the conversation is not kept any more.'] : cut;
}

function scopeNotes(before: TaskRow, effective: readonly string[], isSame: boolean): string[] {
  const lost = before.scopes.effective.filter((scope) => !effective.includes(scope));
  if (lost.length === 0) return [];
  const why = isSame ? 'The key in use or the platform does not allow any more' : 'Not allowed any more';
  return [`${why}: ${lost.join(', ')}.`];
}

function fileNotes(before: TaskRow, files: readonly StoredFile[], added: readonly AddedFile[]): string[] {
  const names = new Set(added.map(({ name }) => name));
  const lost = before.files.filter((file) => !files.includes(file) && !names.has(file.name));
  if (lost.length === 0) return [];
  return [
    `Of the files that the task before was given, ${lost.length} are not there: with the new ones they do not fit.`,
  ];
}

/** What was left in /workspace, and what there is to say of it. */
function workspaceOf(before: TaskRow, now: Date): { found: From['workspace']; notes: string[] } {
  const { workspace: stored, workspace_until: until, keep } = before;
  if (stored !== null && until !== null && until > now) {
    const isOwn = stored.madeBy === before.id;
    const note = isOwn
      ? '/workspace is as the task before left it.'
      : '/workspace is as it was before the last task: what that changed there is lost.';
    return { found: { stored, until }, notes: [note] };
  }
  const why =
    stored !== null || until !== null
      ? 'what was in it is not kept any more'
      : keep === null
        ? 'nobody asked for it to be kept'
        : 'the task before could not keep it, or did not come to the point';
  return { found: null, notes: [`/workspace is empty: ${why}.`] };
}
