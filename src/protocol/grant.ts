// What a key, a task or a template may do without asking: limits on the inputs of commands, what is to be asked
// first, and what becomes of the same write again and again. docs/grants.md tells how they are read.
import { z } from 'zod';
import { LIMITS } from './limits.ts';
import { oneOfFields } from './one-of-fields.ts';
import { Scope } from './scope.ts';

const Effects = z
  .array(z.enum(['read', 'write', 'destructive']))
  .min(1)
  .max(3);
const Pointer = z
  .string()
  .max(200)
  .regex(/^(?:\/(?:[^~/]|~[01])*)+$/, 'a JSON pointer, such as /total or /lines/*/total')
  .meta({ examples: ['/total'] });
const Amount = z.union([z.number().nonnegative(), z.string().regex(/^\d{1,30}(?:\.\d{1,20})?$/)]);

export const Limit = z
  .object({
    scope: Scope.optional().describe('The commands of this scope; or else command or effects'),
    command: z.string().min(1).max(200).optional().describe('One command, such as "purchase-orders create"'),
    effects: Effects.optional().describe('The commands of these effects'),
    input: z
      .record(z.string(), z.unknown())
      .optional()
      .describe("A JSON Schema (2020-12) that the command's input has to fit"),
    sum: z
      .record(Pointer, Amount)
      .optional()
      .describe(
        'By JSON pointer into the input, what the calls may come to together; * stands for each of a list',
      ),
    calls: z.number().int().min(0).max(1_000_000_000).optional().describe('So many calls'),
    per: z.enum(['task', 'day', 'month']).default('task').describe('What sum and calls are counted in; UTC'),
    else: z.enum(['deny', 'ask']).default('deny').describe('What becomes of a call that does not fit'),
  })
  .meta({
    id: 'Limit',
    ...oneOfFields('scope', 'command', 'effects'),
  });
export type Limit = z.output<typeof Limit>;

const manyLimits = <Schema extends z.ZodType>(limit: Schema) => z.array(limit).max(LIMITS.limitsPerKey);

export const ApprovalSetting = z
  .object({
    effects: Effects.optional().describe('Commands of these effects are asked for'),
    wait: z
      .number()
      .int()
      .min(1_000)
      .max(LIMITS.approvalWaitMaxMs)
      .default(LIMITS.approvalWaitMs)
      .describe('Milliseconds that a task may wait for people, in all'),
    onExpiry: z
      .enum(['continue', 'end'])
      .default('continue')
      .describe('When nobody decides in time: the agent is told so and goes on, or the task ends'),
    budget: z
      .enum(['deny', 'ask'])
      .default('deny')
      .describe('Whether a task at its budget, or at a spend limit of its keys, asks for more'),
    selfApprove: z.boolean().default(false).describe('Whether the asking key itself may decide'),
  })
  .meta({ id: 'ApprovalSetting' });
export type ApprovalSetting = z.output<typeof ApprovalSetting>;

/** The third identical successful write of a task: asked for, done with a warning, or refused. */
export const LoopSetting = z.enum(['ask', 'warn', 'deny']);
export type LoopSetting = z.infer<typeof LoopSetting>;

/** What a command says of its own calls, whoever makes them. */
export const CommandLimit = Limit.omit({ scope: true, command: true, effects: true }).strict();
export type CommandLimit = z.input<typeof CommandLimit>;

/** As keys, tasks and templates have them. */
export interface Grants {
  limits: Limit[];
  /** Null: only limits and commands ask. */
  approval: ApprovalSetting | null;
  /** Null: asked where there is an approval setting, and else warned. */
  loop: LoopSetting | null;
}

/** The setting that counts: that of the task, or of the nearest key. @param binding the task, then its keys */
export function approvalSettingOf(binding: readonly Pick<Grants, 'approval'>[]): ApprovalSetting | null {
  return binding.find(({ approval }) => approval !== null)?.approval ?? null;
}

/**
 * How long a task may wait for people in all, in milliseconds; 0: nothing of it asks. No setting that binds it
 * makes it longer. @param commandsAsk whether a command asks that the task may call
 */
export function waitOf(binding: readonly Grants[], commandsAsk: boolean): number {
  const waits = binding.flatMap(({ approval }) => (approval === null ? [] : [approval.wait]));
  if (waits.length > 0) return Math.min(...waits);
  const limitsAsk = binding.some(
    ({ limits, loop }) => loop === 'ask' || limits.some((limit) => limit.else === 'ask'),
  );
  return limitsAsk || commandsAsk ? LIMITS.approvalWaitMs : 0;
}

/** Some of them; what is undefined is not spoken of. */
export type SomeGrants = { [Name in keyof Grants]?: Grants[Name] | undefined };

/** What a key, a task or a template is given of it. */
export const givenGrants = {
  limits: manyLimits(Limit.strict()).optional().describe('What its scopes may do; omitted: all that they allow'),
  approval: ApprovalSetting.strict().nullable().optional().describe('What a person is asked first'),
  loop: LoopSetting.nullable().optional().describe('What becomes of the same write again and again'),
};

/** And what is told of it. */
export const toldGrants = {
  limits: manyLimits(Limit).describe('What its scopes may do; none: all that they allow'),
  approval: ApprovalSetting.nullable().describe(
    'What a person is asked first; null: only what limits or commands say',
  ),
  loop: LoopSetting.nullable().describe('What becomes of the same write again and again; null: as by default'),
};
