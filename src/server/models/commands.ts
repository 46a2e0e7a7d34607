// Models that tasks can be given, for those who may start one: what is known of them, and whether they work.
import { z } from 'zod';
import { defineCommand } from '../../command/define-command.ts';
import { ModelTest, ModelView } from '../../protocol/model.ts';
import { pageOf } from '../../protocol/page.ts';
import { modelsFor } from './allowed-models.ts';
import type { LlmGateway } from './gateway.ts';
import type { KnownOfModels } from './model-view.ts';
import { type TestNeeds, testModel } from './test-model.ts';

export interface ModelNeeds extends TestNeeds {
  llm: LlmGateway;
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
    'health.state',
  ],
  examples: ['seed models list', 'seed models list --json'],
  run: async (_input, { actor }, { llm, known }: ModelNeeds) => ({
    ...modelsFor(actor, llm, known),
    nextCursor: null,
  }),
});

export const testOfModel = defineCommand({
  name: 'models test',
  summary: 'Ask a model to call a tool, once, and say what works; it takes some tokens of the key in use',
  http: 'POST /models/test',
  scope: 'tasks:write',
  effect: 'write',
  external: true,
  input: z.object({
    model: z
      .string()
      .min(1)
      .max(200)
      .meta({ examples: ['scripted'] })
      .describe('Name of the model, as tasks give it'),
  }),
  output: z.object({ test: ModelTest }),
  examples: ['seed models test qwen2.5-coder:1.5b', 'seed models test openai/gpt-4o-mini --json'],
  run: async ({ model }, call, needs: ModelNeeds) => ({ test: await testModel(model, call, needs) }),
});
