// What `tasks run` does: checks the request against what the caller may have, and accepts it once for one id.
import type { Actor, Call } from '../../command/call.ts';
import { sqlStateOf } from '../../db/database-failure.ts';
import type { StoredFile, Tx } from '../../db/tables.ts';
import { parseTraceParent } from '../../lib/trace-parent.ts';
import type { TaskCredentials } from '../../protocol/credential.ts';
import { SeedError } from '../../protocol/errors.ts';
import { isReceived, type ReceivedFile } from '../../protocol/file.ts';
import { type Grants, type Limit, waitOf } from '../../protocol/grant.ts';
import type { Lineage } from '../../protocol/key.ts';
import { allows, grantScopes } from '../../protocol/scope.ts';
import type { RunTaskBody, Task } from '../../protocol/task.ts';
import type { GivenUpload } from '../../protocol/upload.ts';
import { refuseUnknownScopes, taskOf } from '../access/lineage.ts';
import { risksOfAsking } from '../approvals/four-eyes.ts';
import { chainOf } from '../grants/bindings.ts';
import { askingForChanges, type RuleOfTwo } from '../grants/rule-of-two.ts';
import { refuseSpent, refuseUnpriced } from '../spending/bounds.ts';
import { hasSpendLimit, toBudget } from '../spending/budget.ts';
import { type Order, orderOf, type TemplateSource } from '../templates/order.ts';
import { type CreateFreeTask, createTask, refuseTooManyTasks } from './create.ts';
import type { FindTask } from './find.ts';
import { type From, takeFrom } from './from-before.ts';
import type { NewTask } from './insert.ts';
import type { OutputChecks } from './output/checks.ts';
import { refuseSchema } from './output/verdict.ts';
import { grantResources, type ResourcePolicy, refuseTooManyFiles, refuseWithoutRoom } from './resources.ts';

export interface AcceptNeeds extends TemplateSource {
  find: FindTask;
  createFree: CreateFreeTask;
  resources: ResourcePolicy;
  /** Every scope that some command asks for and the account could be granted. */
  scopesFor(operator: boolean): string[];
  /** What is dangerous about what the task may call together, in words; null: nothing known. */
  riskOf(scopes: readonly string[], operator: boolean): string | null;
  ruleOfTwo: RuleOfTwo;
  /** What whoever posts the task is to be told of its limits. Throws SeedError for those that mean nothing. */
  checkLimits(limits: readonly Limit[]): Promise<string[]>;
  outputs: OutputChecks;
  models: {
    /** The asked models or, without any, the caller's defaults. Throws SeedError when it may not have one. */
    choose(
      asked: readonly string[] | undefined,
      actor: Pick<Actor, 'lineage' | 'accountModels'>,
    ): readonly [string, ...string[]];
    hasPrice(model: string): boolean;
  };
  /**
   * Throws SeedError when runners are connected and none of them can make a sandbox, or none that lives so long.
   * @param lifeMs null: as long as it takes
   */
  refuseWithoutDriver(lifeMs: number | null): Promise<void>;
  /** Whether a command of these scopes asks a person by itself. */
  commandsAsk(scopes: readonly string[], operator: boolean): boolean;
  files: {
    /** Stores what was received; `use` has to take the blobs in its transaction. */
    keep<Result>(
      taskId: string,
      files: readonly ReceivedFile[],
      use: (files: StoredFile[], take: (tx: Tx) => Promise<void>) => Promise<Result>,
    ): Promise<Result>;
    /** What the key has sent to the store itself. Throws SeedError invalid_input for what it has not announced. */
    findUploads(actor: Actor, given: readonly GivenUpload[]): Promise<StoredFile[]>;
    /** Throws SeedError invalid_input. */
    refuseUnsent(files: readonly StoredFile[]): Promise<void>;
    /** In the transaction that accepts the task. Throws SeedError invalid_input where another one was first. */
    takeUploads(tx: Tx, taskId: string, files: readonly StoredFile[]): Promise<void>;
  };
  credentials: {
    /** Throws SeedError invalid_input for a pack that takes none of its callers. */
    refuseUnwanted(given: TaskCredentials): void;
    /** With those of the task that posts it, in the transaction that accepts it. */
    keep(tx: Tx, task: { taskId: string; parentTaskId: string | null; given: TaskCredentials }): Promise<void>;
  };
  webhooks: {
    /** The URL as it will be dialled. Throws SeedError for one that may not be. */
    checkUrl(text: string): string;
    /** Makes the secret that deliveries to tasks' URLs are signed with, unless the account has one. */
    ensureSecret(tx: Tx, accountId: string, now: Date): Promise<void>;
  };
}

/**
 * Accepts the task under the call's id, or finds it accepted by an earlier attempt of the same request.
 * @param from what it has of the task that it goes on from; null: it goes on from none
 */
export async function acceptOnce(
  call: Call,
  input: RunTaskBody,
  needs: AcceptNeeds,
  from: From | null = null,
): Promise<Task> {
  const accepted = () => needs.find(call.actor.accountId, call.creationId);
  const known = await accepted();
  if (known) return known;
  return accept(call, input, needs, from).catch(async (error) => {
    // Postgres has a row with this id: the first attempt, which was thought lost, came before this one.
    const task = sqlStateOf(error) === '23505' ? await accepted() : null;
    if (task) return task;
    throw error;
  });
}

async function accept(call: Call, body: RunTaskBody, needs: AcceptNeeds, from: From | null): Promise<Task> {
  const { actor, creationId: id, store, traceParent, batchRow } = call;
  const input = await orderOf(call, body, needs);
  const { accountId, key, lineage } = actor;
  const known = needs.scopesFor(actor.operator);
  const requested = input.scopes ?? null;
  if (requested) refuseUnknownScopes(requested, known);
  const [model, ...fallbackModels] = needs.models.choose(askedModels(input), actor);
  const webhookUrl = input.webhookUrl === undefined ? null : needs.webhooks.checkUrl(input.webhookUrl);
  if (webhookUrl !== null) refuseWayOut(actor);
  needs.credentials.refuseUnwanted(input.credentials);
  const resources = grantResources(needs.resources, input.resources ?? {});
  const received = input.files.filter(isReceived);
  const uploaded = await needs.files.findUploads(actor, input.uploads);
  refuseTooManyFiles([...received, ...uploaded]);
  refuseWithoutRoom([...received.map(({ content }) => content), ...uploaded], resources);
  const scopes = grantScopes(requested, key.scopes, known);
  const risk = needs.riskOf(scopes.effective, actor.operator);
  const grants = grantsOf(input, risk, needs.ruleOfTwo);
  const waitMs = waitOf([grants, ...chainOf(actor)], needs.commandsAsk(scopes.effective, actor.operator));
  await needs.refuseWithoutDriver(waitMs === 0 ? null : input.timeout + waitMs);
  const askingKeys = lineage.map((one) => one.id);
  if (input.output) await refuseSchema(needs.outputs, accountId, input.output.schema);
  const task = {
    id,
    accountId,
    keyId: key.id,
    billedKeyId: lineage.at(-1)?.id ?? key.id,
    parentTaskId: taskOf(lineage),
    instruction: input.instruction,
    template: input.template,
    scopes,
    timeoutMs: input.timeout,
    model,
    fallbackModels,
    resources,
    budget: toBudget(input.budget),
    metadata: input.metadata,
    keep: input.keep?.workspace ? input.keep : null,
    grants,
    risks: [
      ...(risk === null ? [] : [risk]),
      ...(await needs.checkLimits(grants.limits)),
      ...(waitMs === 0 ? [] : await risksOfAsking(store.db, { accountId, askingKeys, scopes: scopes.effective })),
    ],
    waitMs,
    webhookUrl,
    outputSchema: input.output?.schema ?? null,
    traceParent: (parseTraceParent(traceParent) && traceParent) ?? null,
    batchRow,
    ...(from && { continued: from }),
  };
  if (from === null && isFree(task, input, lineage)) {
    await refuseUnpriced(store.db, task, lineage, { hasPrice: needs.models.hasPrice, now: store.clock.now() });
    return needs.createFree({ ...task, files: [] });
  }
  await needs.files.refuseUnsent(uploaded);
  return needs.files.keep(id, received, (files, take) =>
    createTask(store, { ...task, files: [...(from?.files ?? []), ...files, ...uploaded] }, async (tx) => {
      const now = store.clock.now();
      if (from !== null) await takeFrom(tx, from, id, now);
      await refuseUnpriced(tx, task, lineage, { hasPrice: needs.models.hasPrice, now });
      await refuseSpent(tx, lineage, now);
      await refuseTooManyTasks(tx, lineage);
      await take(tx);
      await needs.files.takeUploads(tx, id, uploaded);
      const { parentTaskId } = task;
      await needs.credentials.keep(tx, { taskId: id, parentTaskId, given: input.credentials });
      if (webhookUrl !== null) await needs.webhooks.ensureSecret(tx, accountId, now);
    }),
  );
}

/** @throws SeedError not_allowed: this Seed refuses what the task combines. */
function grantsOf(input: Order, risk: string | null, rule: RuleOfTwo): Grants {
  const { limits = [], approval = null, loop = null } = input;
  if (risk === null || rule === 'warn') return { limits, approval, loop };
  if (rule === 'ask') return { limits, approval: askingForChanges(approval), loop };
  throw new SeedError('not_allowed', `this Seed runs no such task: ${risk}`, {
    hint: 'Give it fewer scopes, or divide it into tasks that combine two of the three at most (SEED_RULE_OF_TWO).',
  });
}

/** Whether the request and its keys, as they are known, say alone that the task may be, and it brings nothing. */
function isFree(
  { parentTaskId, webhookUrl }: Pick<NewTask, 'parentTaskId' | 'webhookUrl'>,
  { files, uploads, credentials }: Pick<Order, 'files' | 'uploads' | 'credentials'>,
  lineage: Lineage,
): boolean {
  const brings = files.length + uploads.length > 0 || Object.keys(credentials).length > 0;
  const isBounded = lineage.some((key) => key.concurrentTasks !== null || hasSpendLimit(key));
  return parentTaskId === null && webhookUrl === null && !brings && !isBounded;
}

/** @throws SeedError invalid_input */
function askedModels({ model, models }: Order): readonly string[] | undefined {
  if (model === undefined || models === undefined) return model === undefined ? models : [model];
  throw new SeedError('invalid_input', 'model and models say the same thing: give one of them');
}

/** A URL of its choosing is a way out of the sandbox: a task needs the scope for it, a caller outside does not. */
function refuseWayOut({ key, lineage }: Actor): void {
  if (lineage.length === 1 || allows(key.scopes, 'webhooks:write')) return;
  throw new SeedError('missing_scope', 'webhookUrl needs the scope webhooks:write, which this task lacks');
}
