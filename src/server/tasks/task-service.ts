// Tasks of the caller's account: accepted, listed, watched, stopped. Running them is the runner's work.
import type { Actor, Call } from '../../command/call.ts';
import type { TaskService } from '../../command/context.ts';
import { sqlStateOf } from '../../db/database-failure.ts';
import type { Store } from '../../db/store.ts';
import { parseTraceParent } from '../../lib/trace-parent.ts';
import { SeedError } from '../../protocol/errors.ts';
import { isReceived } from '../../protocol/file.ts';
import { allows, grantScopes } from '../../protocol/scope.ts';
import { isTerminal } from '../../protocol/statuses.ts';
import type { RunTaskBody, Task } from '../../protocol/task.ts';
import { refuseUnknownScopes } from '../access/grants.ts';
import { taskOf } from '../access/lineage.ts';
import { artifactService, refuseWithoutRoom } from '../files/artifact-service.ts';
import { listLedger } from '../ledger/call-log.ts';
import { defaultModelsFor, refuseModel } from '../models/allowed-model.ts';
import type { ServerParts } from '../parts.ts';
import { queuedNote, refuseWithoutDriver } from '../runners/outlook.ts';
import { toBudget } from '../spending/budget.ts';
import { refuseSpent, refuseTooManyTasks } from '../spending/key-limits.ts';
import { refuseUnpriced } from '../spending/priced-models.ts';
import { ensureDefaultSecret } from '../webhooks/secret-rows.ts';
import { mintWebhookSecret } from '../webhooks/secrets.ts';
import { webhookUrl } from '../webhooks/webhook-url.ts';
import { createTask } from './create.ts';
import { stopTask } from './end.ts';
import { grantResources } from './resources.ts';
import { searchTasks } from './search.ts';
import { getTaskProgress } from './tasks.ts';
import { watchTask } from './watch.ts';

export function taskService(
  parts: ServerParts,
  { actor, waiting, recordDone, traceParent }: Call,
): TaskService {
  const { store, findTask } = parts;
  const withNote = async (task: Task) => (await withNotes(store, [task]))[0] ?? task;
  const found = async (id: string): Promise<Task> => {
    const task = await findTask(actor.accountId, id);
    if (task) return task;
    throw new SeedError('not_found', `there is no task ${id}`, { hint: 'seed tasks list shows the ids.' });
  };
  return {
    run: async (id, input, waitMs) => {
      const accepted = () => findTask(actor.accountId, id);
      const task =
        (await accepted()) ??
        (await accept(parts, actor, id, input, traceParent).catch(async (error) => {
          // The first attempt of the request, which was thought lost, came before this one.
          const task = isTaken(error) ? await accepted() : null;
          if (task) return task;
          throw error;
        }));
      if (waitMs === 0) return withNote(task);
      await recordDone(task.id);
      return withNote(await ended(parts, task, found, waitMs, waiting));
    },
    list: async (filter) => {
      const page = await searchTasks(store.db, actor.accountId, filter);
      return { ...page, items: await withNotes(store, page.items) };
    },
    get: async (id) => withNote(await found(id)),
    stop: async (id) => {
      await found(id);
      return (await stopTask(store, actor.accountId, id)) ?? found(id);
    },
    ledger: async (id, page) => {
      const span = await getTaskProgress(store.db, (await found(id)).id);
      return listLedger(store.db, actor.accountId, span, page);
    },
    ...artifactService(parts, actor),
    events: async (id, after, onlyPast) =>
      watchTask(parts, await found(id), { keyId: actor.key.id, after, onlyPast, signal: waiting }),
  };
}

async function accept(
  { store, registry, llm, resources, blobs, secretsKey, webhookNetworks }: ServerParts,
  actor: Actor,
  id: string,
  input: RunTaskBody,
  traceParent: string | undefined,
): Promise<Task> {
  const known = registry.scopes(actor.operator);
  const requested = input.scopes ?? null;
  if (requested) refuseUnknownScopes(requested, known);
  const [model, ...fallbackModels] =
    input.model === undefined ? defaultModelsFor(actor.lineage, llm) : ([input.model] as const);
  llm.refuseUnknown(model);
  refuseModel(model, actor.lineage);
  const url = input.webhookUrl === undefined ? null : webhookUrl(input.webhookUrl, webhookNetworks);
  if (url !== null) refuseWayOut(actor);
  const granted = grantResources(resources, input.resources ?? {});
  const received = input.files.filter(isReceived);
  refuseWithoutRoom(received, granted);
  await refuseWithoutDriver(store);
  const task = {
    id,
    accountId: actor.accountId,
    keyId: actor.key.id,
    billedKeyId: actor.lineage.at(-1)?.id ?? actor.key.id,
    parentTaskId: taskOf(actor.lineage),
    instruction: input.instruction,
    scopes: grantScopes(requested, actor.key.scopes, known),
    timeoutMs: input.timeout,
    model,
    fallbackModels,
    resources: granted,
    budget: toBudget(input.budget),
    metadata: input.metadata,
    webhookUrl: url,
    traceParent: (parseTraceParent(traceParent) && traceParent) ?? null,
  };
  return blobs.keep(id, received, (files) =>
    createTask(store, { ...task, files }, async (tx) => {
      const now = store.clock.now();
      await refuseUnpriced(tx, task, actor.lineage, { hasPrice: llm.hasPrice, now });
      await refuseSpent(tx, actor.lineage, now);
      await refuseTooManyTasks(tx, actor.lineage);
      if (url === null) return;
      const make = () => mintWebhookSecret(secretsKey).sealed;
      await ensureDefaultSecret(tx, actor.accountId, make, now);
    }),
  );
}

/** Postgres has a row with this id. */
function isTaken(error: unknown): boolean {
  return sqlStateOf(error) === '23505';
}

/** A URL of its own choosing is a way out of the sandbox: a task needs the scope for it, a caller outside has the network. */
function refuseWayOut({ key, lineage }: Actor): void {
  if (lineage.length === 1 || allows(key.scopes, 'webhooks:write')) return;
  throw new SeedError('missing_scope', 'webhookUrl needs the scope webhooks:write, which this task lacks');
}

/** The task when it has ended, or as it is when the time is over or the caller has gone. */
async function ended(
  { store }: ServerParts,
  task: Task,
  reload: (id: string) => Promise<Task>,
  waitMs: number,
  signal: AbortSignal,
): Promise<Task> {
  const until = performance.now() + waitMs;
  using changes = store.signals.subscribe(`task:${task.id}`);
  for (;;) {
    const current = await reload(task.id);
    const left = until - performance.now();
    if (isTerminal(current.status) || left <= 0 || signal.aborted) return current;
    await changes.next(left, signal);
  }
}

/** Adds to the queued ones why they wait; it is the same for all. */
async function withNotes(store: Store, tasks: Task[]): Promise<Task[]> {
  if (!tasks.some(({ status }) => status === 'queued')) return tasks;
  const statusNote = await queuedNote(store);
  return tasks.map((task) => (task.status === 'queued' ? { ...task, statusNote } : task));
}
