// Templates: what tasks are started from again and again. Those of Seed and of packs are listed beside the
// account's own, which its keys make, change and delete here.
import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import type { Actor, Call } from '../../command/call.ts';
import { defineCommand } from '../../command/define-command.ts';
import { decodeText, pageAfter } from '../../db/cursor.ts';
import { inTransaction } from '../../db/transaction.ts';
import { SeedError } from '../../protocol/errors.ts';
import type { Limit } from '../../protocol/grant.ts';
import { LIMITS } from '../../protocol/limits.ts';
import type { AnswerSchema } from '../../protocol/output.ts';
import { orderedPageInput, pageOf } from '../../protocol/page.ts';
import { allows } from '../../protocol/scope.ts';
import {
  KeptName,
  Template,
  TemplateChanges,
  TemplateCreation,
  TemplateFilter,
  TemplateName,
} from '../../protocol/template.ts';
import { refuseHeldAccount } from '../access/held-account.ts';
import { refuseForeignScopes, refuseUnknownScopes } from '../access/lineage.ts';
import { type TemplateSource, templateOf } from './order.ts';
import { checkParameters } from './parameters.ts';
import * as rows from './rows.ts';

export interface TemplateNeeds extends TemplateSource {
  /** Every scope that the account could be granted. */
  scopes(operator: boolean): string[];
  /** Throws SeedError for limits that mean nothing. */
  checkLimits(limits: readonly Limit[]): Promise<string[]>;
  /** Throws SeedError for a schema that no answer could be checked by. */
  checkOutput(accountId: string, schema: AnswerSchema): Promise<void>;
}

const OneTemplate = z.object({ template: Template });
const version = z
  .number()
  .int()
  .positive()
  .max(2 ** 31 - 1)
  .optional()
  .describe('Of these the one that is meant; omitted: the newest');

export const listTemplates = defineCommand({
  name: 'templates list',
  summary: 'List what tasks can be started from, by name: those whose scopes the key in use has',
  http: 'GET /templates',
  scope: 'tasks:write',
  effect: 'read',
  input: TemplateFilter,
  output: pageOf(Template),
  columns: ['name', 'title', 'version', 'scopes', 'instruction'],
  examples: ['seed templates list', 'seed templates list --json'],
  run: async ({ limit, cursor }, { actor, store }, { brought }: TemplateNeeds) => {
    const after = cursor === undefined ? '' : decodeText(cursor);
    const others = [...brought.values()].filter(({ name }) => name > after);
    const kept = await rows.listKept(store.db, actor.accountId, limit + 1, after);
    const all = [...kept, ...others].sort((one, other) => (one.name < other.name ? -1 : 1));
    const page = pageAfter(all, limit, ({ name }) => name);
    return { ...page, items: page.items.filter((template) => isFor(template, actor)) };
  },
});

const isFor = ({ scopes }: Template, { key }: Actor) => scopes.every((scope) => allows(key.scopes, scope));

export const getTemplate = defineCommand({
  name: 'templates get',
  summary: 'Show a template, as it is or as a version of it was',
  http: 'GET /templates/{name}',
  scope: 'tasks:write',
  effect: 'read',
  input: z.object({ name: TemplateName, version }),
  output: OneTemplate,
  examples: ['seed templates get seed.key-audit', 'seed templates get unpaid-invoices --version 2'],
  run: async ({ name, version: wanted }, { actor, store }, needs: TemplateNeeds) => {
    const reference = wanted === undefined ? name : `${name}@${wanted}`;
    return { template: await templateOf(store.db, { accountId: actor.accountId, reference }, needs) };
  },
});

export const listVersions = defineCommand({
  name: 'templates versions',
  summary: 'List the versions of a template, newest first',
  http: 'GET /templates/{name}/versions',
  scope: 'tasks:write',
  effect: 'read',
  input: z.object({ name: TemplateName, ...orderedPageInput }),
  output: pageOf(Template),
  columns: ['version', 'createdAt', 'keyId', 'title', 'instruction'],
  examples: ['seed templates versions unpaid-invoices'],
  run: async ({ name, ...page }, { actor, store }, needs: TemplateNeeds) => {
    const { accountId } = actor;
    const newest = await templateOf(store.db, { accountId, reference: name }, needs);
    if (!newest.kept) {
      if (page.cursor !== undefined) decodeText(page.cursor);
      return { items: page.cursor === undefined ? [newest] : [], nextCursor: null };
    }
    return rows.listVersions(store.db, { accountId, name }, page);
  },
});

export const createTemplate = defineCommand({
  name: 'templates create',
  summary: 'Keep a template: an instruction with places for parameters, and what its task is to have',
  http: 'POST /templates',
  scope: 'templates:write',
  effect: 'write',
  transactional: true,
  creates: true,
  input: TemplateCreation,
  output: OneTemplate,
  successStatus: 201,
  examples: [
    'seed templates create --name unpaid --instruction "List unpaid invoices" --scopes invoices:read',
    `seed templates create --name overdue --instruction "Remind {{customer}} of what is overdue" --scopes invoices:read --parameters '{"type": "object", "properties": {"customer": {"type": "string"}}, "required": ["customer"]}'`,
  ],
  run: async ({ name, title = name, ...settings }, call, needs: TemplateNeeds) => {
    const { accountId } = call.actor;
    await check({ ...settings, title }, call.actor, needs);
    return inTransaction(call.store.db, async (tx) => {
      const count = await rows.lockAndCount(tx, accountId);
      if (await rows.findTemplate(tx, { accountId, name }))
        throw new SeedError('conflict', `there is a template "${name}" already`, {
          hint: `\`seed templates update ${name}\` makes a new version of it.`,
        });
      if (count >= LIMITS.templates.perAccount)
        throw new SeedError('conflict', `the account keeps ${count} templates, and no more are kept`, {
          hint: '`seed templates delete` removes one.',
        });
      return { template: await add(tx, call, { name, version: 1, settings: { ...settings, title } }) };
    });
  },
});

export const updateTemplate = defineCommand({
  name: 'templates update',
  summary: 'Make a new version of a template; what is omitted stays as it is',
  http: 'PATCH /templates/{name}',
  scope: 'templates:write',
  effect: 'write',
  transactional: true,
  input: TemplateChanges.extend({ name: KeptName }),
  output: OneTemplate,
  examples: [
    'seed templates update unpaid --instruction "List unpaid invoices, oldest first"',
    'seed templates update unpaid --scopes invoices:read,customers:read --from 3',
  ],
  run: async ({ name, from, ...changes }, call, needs: TemplateNeeds) => {
    const { accountId } = call.actor;
    return inTransaction(call.store.db, async (tx) => {
      await rows.lockAndCount(tx, accountId);
      const kept = await templateOf(tx, { accountId, reference: name }, needs);
      const { version: newest, ...before } = kept;
      if (from !== undefined && from !== newest)
        throw new SeedError(
          'conflict',
          `the template "${name}" was changed: its version is ${newest}, not ${from}`,
          {
            hint: 'Look at the newest version, and change that.',
          },
        );
      const { title, description, instruction, parameters, scopes, limits, task } = {
        ...before,
        ...given(changes),
      };
      const settings = { title, description, instruction, parameters, scopes, limits, task };
      await check(settings, call.actor, needs);
      if (isDeepStrictEqual({ ...before, ...settings }, before)) return { template: kept };
      return { template: await add(tx, call, { name, version: newest + 1, settings }) };
    });
  },
});

export const deleteTemplate = defineCommand({
  name: 'templates delete',
  summary: 'Delete a template with all its versions; tasks that were started from it stay as they are',
  http: 'DELETE /templates/{name}',
  scope: 'templates:write',
  effect: 'destructive',
  transactional: true,
  input: z.object({ name: KeptName }),
  output: z.object({ name: z.string() }),
  examples: ['seed templates delete unpaid'],
  run: async ({ name }, { actor, store }) => {
    await refuseHeldAccount(store.db, actor.accountId);
    if (await rows.deleteTemplate(store.db, actor.accountId, name)) return { name };
    throw new SeedError('not_found', `there is no template "${name}"`);
  },
});

/** A template asks for no more than whoever writes it has: others start tasks from it. */
async function check(settings: rows.TemplateSettings, actor: Actor, needs: TemplateNeeds): Promise<void> {
  const known = needs.scopes(actor.operator);
  refuseUnknownScopes(settings.scopes, known);
  refuseForeignScopes(settings.scopes, actor, known);
  checkParameters(settings.parameters, settings.instruction);
  await needs.checkLimits(settings.limits);
  const { output } = settings.task;
  if (output) await needs.checkOutput(actor.accountId, output.schema);
  if (settings.task.model !== undefined && settings.task.models !== undefined)
    throw new SeedError('invalid_input', 'task: model and models say the same thing: give one of them');
}

function add(
  tx: Parameters<typeof rows.insertVersion>[0],
  { actor, store }: Pick<Call, 'actor' | 'store'>,
  version: Pick<rows.NewVersion, 'name' | 'version' | 'settings'>,
): Promise<Template> {
  const { accountId, key } = actor;
  return rows.insertVersion(tx, { ...version, accountId, keyId: key.id }, store.clock.now());
}

function given<Changes extends object>(
  changes: Changes,
): { [Name in keyof Changes]: Exclude<Changes[Name], undefined> } {
  return Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined)) as never;
}
