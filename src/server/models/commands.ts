// Models that tasks can be given, for those who may start one.
import { z } from 'zod';
import { defineCommand } from '../../command/define-command.ts';
import { ModelView } from '../../protocol/model.ts';
import { pageOf } from '../../protocol/page.ts';
import { modelsFor } from './allowed-models.ts';
import type { KnownOfModels } from './model-view.ts';

interface ModelNeeds {
  llm: Parameters<typeof modelsFor>[1];
  known: KnownOfModels;
}

export const listModels = defineCommand({
  name: 'models list',
  summary: 'List the models that tasks of the key in use can be given, the default first',
  http: 'GET /models',
  scope: 'tasks:write',
  effect: 'read',
  input: z.object({}),
  output: pageOf(ModelView).extend({
    others: z.boolean().describe('The upstream may have more: any name it knows can be given'),
  }),
  columns: [
    'name',
    'default',
    'contextTokens',
    'tools',
    'toolCalls',
    'price.input',
    'price.output',
    'test.testedAt',
  ],
  examples: ['seed models list', 'seed models list --json'],
  run: async (_input, { actor }, { llm, known }: ModelNeeds) => ({
    ...modelsFor(actor.lineage, llm, known),
    nextCursor: null,
  }),
});
