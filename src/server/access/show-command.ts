// `commands show`: one command with all that is known of its input and its answer.
import { z } from 'zod';
import { defineCommand, isObject } from '../../command/define-command.ts';
import { toJsonSchema, toManifest } from '../../command/manifest.ts';
import type { Registry } from '../../command/registry.ts';
import { SeedError } from '../../protocol/errors.ts';
import { Limit } from '../../protocol/grant.ts';
import { bindingsOf, chainOf } from '../grants/bindings.ts';

export interface ShowNeeds {
  allowed: Registry['allowed'];
}

const Schema = z.looseObject({}).describe('JSON Schema (2020-12)');

export const showCommand = defineCommand({
  name: 'commands show',
  summary: 'Show one command with every field of its input and its answer, however deep',
  http: 'GET /commands/{name}',
  scope: null,
  effect: 'read',
  input: z.object({
    name: z
      .string()
      .min(1)
      .max(200)
      .meta({ examples: ['tasks run'], 'x-words': true })
      .describe('Its name, with spaces, or with _ as MCP has it'),
  }),
  output: z.object({
    command: z.object({
      name: z.string(),
      summary: z.string(),
      http: z.object({ method: z.string(), path: z.string() }),
      scope: z.string().nullable(),
      effect: z.enum(['read', 'write', 'destructive']),
      examples: z.array(z.string()),
      input: Schema,
      limits: z.array(Limit).describe('What its calls with the key in use are limited to, by all that binds it'),
      answer: Schema.nullable().describe('Null: it is not described, or a file'),
    }),
  }),
  examples: ['seed commands show tasks run', 'seed commands show keys create --json'],
  run: async ({ name }, { actor }, { allowed }: ShowNeeds) => {
    const asked = name.replaceAll('_', ' ').trim();
    const command = allowed(actor.key.scopes, actor.operator).find((each) => each.name === asked);
    const [told] = command ? toManifest([command], '').commands : [];
    if (!command || !told)
      throw new SeedError('not_found', `there is no command "${asked}" that this key may use`, {
        hint: 'seed --help (GET /api/v1/commands) lists those that there are.',
      });
    const { summary, http, scope, effect, examples } = told;
    const output = isObject(command) ? toJsonSchema(command.output, 'output') : null;
    const whole = command.whole?.() ?? { input: told.input, output };
    const schemas = { input: { ...whole.input }, answer: whole.output && { ...whole.output } };
    const limits = bindingsOf(chainOf(actor), command).map(({ limit }) => limit);
    return { command: { name: told.name, summary, http, scope, effect, examples, limits, ...schemas } };
  },
});
