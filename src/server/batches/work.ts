// What each task of a batch is posted with, and whether the key that says so may: called where batches are made
// and resumed, so that it is not every row that is refused.
import type { Actor } from '../../command/call.ts';
import type { Db } from '../../db/tables.ts';
import type { BatchCreation, BatchTask } from '../../protocol/batch.ts';
import { SeedError } from '../../protocol/errors.ts';
import type { AnswerSchema } from '../../protocol/output.ts';
import type { Template } from '../../protocol/template.ts';
import { checkedTask, type WorkNeeds } from '../schedules/work.ts';
import { type TemplateSource, templateOf } from '../templates/order.ts';

export interface BatchNeeds extends WorkNeeds, TemplateSource {
  /** The asked models or, without any, the caller's defaults. Throws SeedError when it may not have one. */
  chooseModels(asked: readonly string[] | undefined, actor: Actor): readonly string[];
  hasPrice(model: string): boolean;
  /** Throws SeedError for a schema that no answer could be held against. */
  checkOutput(accountId: string, schema: AnswerSchema): Promise<unknown>;
}

export interface BatchWork {
  /** With the version of its template that it keeps. */
  task: BatchTask;
  /** Null: it has an instruction. */
  template: Template | null;
  /** What the key needs for it, and is to have whenever a row starts. */
  scopes: string[];
}

/** What is said of each task, apart from what is said of the batch. */
export function taskOfBatch(creation: BatchCreation): BatchTask {
  const { name, rows, files, delimiter, attach, onInvalid, concurrency, budget, taskBudget, ...task } = creation;
  return taskBudget === undefined ? task : { ...task, budget: taskBudget };
}

/**
 * @param limitsUsd whether the budget of the batch is one in US dollars
 * @throws SeedError invalid_input, not_found for a template, unknown_scope, missing_scope, unknown_model,
 * unpriced_model, invalid_schema
 */
export async function checkedWork(
  db: Db,
  actor: Actor,
  wanted: { task: BatchTask; limitsUsd: boolean },
  needs: BatchNeeds,
): Promise<BatchWork> {
  const { task } = wanted;
  if ((task.instruction === undefined) === (task.template === undefined))
    throw new SeedError('invalid_input', 'a batch has an instruction or a template: give one of the two');
  if (task.template === undefined && task.parameters !== undefined)
    throw new SeedError('invalid_input', 'parameters are those of a template, and there is none');
  const { accountId } = actor;
  const template =
    task.template === undefined ? null : await templateOf(db, { accountId, reference: task.template }, needs);
  const given = { ...template?.task, scopes: template?.scopes, ...task };
  const { scopes } = await checkedTask(actor, given, needs, 'batch');
  const models = needs.chooseModels(given.model === undefined ? given.models : [given.model], actor);
  const unpriced = models.find((model) => !needs.hasPrice(model));
  if (unpriced !== undefined && (wanted.limitsUsd || given.budget?.usd !== undefined))
    throw new SeedError(
      'unpriced_model',
      `what the model "${unpriced}" costs is not known, so that a budget in US dollars could not be kept`,
      {
        hint: 'Limit tokens or calls instead, or ask for a model that has a price.',
      },
    );
  if (given.output) await needs.checkOutput(accountId, given.output.schema);
  if (template === null) return { task, template, scopes };
  return { task: { ...task, template: `${template.name}@${template.version}` }, template, scopes };
}
