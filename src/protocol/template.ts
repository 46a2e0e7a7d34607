// What tasks are started from again and again: an instruction with places for parameters, and what its task is to
// have. Seed and packs bring some; an account keeps its own, in versions.
import { z } from 'zod';
import { WantedBudget } from './budget.ts';
import { givenGrants, Limit } from './grant.ts';
import { keptText } from './kept-text.ts';
import { LIMITS } from './limits.ts';
import { Metadata } from './metadata.ts';
import { NOT_BLANK, notBoth } from './one-of-fields.ts';
import { WantedOutput } from './output.ts';
import { orderedPageInput } from './page.ts';
import { WantedResources } from './resources.ts';
import { Scope, Scopes } from './scope.ts';
import { utf8Length } from './text.ts';

const { templates } = LIMITS;

const KEPT_NAME = /^[a-z0-9][a-z0-9-]*$/;
/** Of one that an account keeps. */
export const KeptName = z
  .string()
  .max(LIMITS.nameLength)
  .regex(KEPT_NAME, 'is written in lower-case letters, digits and hyphens')
  .describe('Name of the template, unique in the account');

export const TemplateName = z
  .string()
  .max(LIMITS.nameLength)
  .regex(/^[a-z0-9][a-z0-9-]*(\.[a-z0-9][a-z0-9-]*)?$/, 'is no name of a template: `seed templates list` has them')
  .meta({ examples: ['seed.key-audit'] })
  .describe('Name of the template; of one that a pack or Seed brings with its name before a dot');

/** `name`, or `name@version`. */
export const TemplateReference = z
  .string()
  .max(LIMITS.nameLength + 10)
  .regex(
    /^[a-z0-9][a-z0-9-]*(\.[a-z0-9][a-z0-9-]*)?(@[1-9]\d{0,8})?$/,
    'is a template\'s name, such as "unpaid-invoices", or name and version: "unpaid-invoices@3"',
  )
  .meta({ examples: ['seed.key-audit'] });

const PARAMETER_NAME = /^[A-Za-z][A-Za-z0-9_-]{0,49}$/;
const ParameterName = z.string().regex(PARAMETER_NAME, 'is written in letters, digits, _ and -, a letter first');
const Scalar = z.union([z.string().max(templates.valueLength), z.number(), z.boolean()]);
const ParameterValue = z.union([Scalar, z.array(Scalar).max(templates.listLength)]);
export type ParameterValue = z.infer<typeof ParameterValue>;

/** What a request gives a template's parameters. */
export const ParameterValues = z
  .record(ParameterName, ParameterValue)
  .refine((values) => Object.keys(values).length <= templates.parameters, 'are more than a template has')
  .meta({ examples: [{}] });

const count = z.number().int().nonnegative();
const Choices = z
  .array(z.union([z.string().max(templates.valueLength), z.number()]))
  .min(1)
  .max(templates.choices);
const Format = z.enum(['date', 'date-time', 'email', 'uri', 'uuid']);

export const Parameter = z
  .strictObject({
    type: z.enum(['string', 'integer', 'number', 'boolean', 'array']),
    title: keptText.max(LIMITS.nameLength).optional(),
    description: keptText.max(1_000).optional(),
    default: ParameterValue.optional(),
    enum: Choices.optional(),
    format: Format.optional(),
    pattern: z.string().max(LIMITS.limitPatternLength).optional(),
    minLength: count.optional(),
    maxLength: count.optional(),
    minimum: z.number().optional(),
    maximum: z.number().optional(),
    items: z
      .strictObject({ type: z.enum(['string', 'integer', 'number']), enum: Choices.optional() })
      .optional()
      .describe('Of a list'),
    minItems: count.optional(),
    maxItems: count.optional(),
  })
  .meta({ id: 'TemplateParameter' });
export type Parameter = z.infer<typeof Parameter>;

/**
 * A JSON Schema (2020-12) of one level, so that a form, a command line and a prompt can be made of it: what it may
 * say is written out here, and anything else is refused.
 */
export const Parameters = z
  .strictObject({
    $schema: z.string().max(200).optional(),
    type: z.literal('object'),
    properties: z
      .record(ParameterName, Parameter)
      .refine((all) => Object.keys(all).length <= templates.parameters, `has more than ${templates.parameters}`),
    required: z.array(ParameterName).max(templates.parameters).optional(),
    additionalProperties: z.literal(false).optional(),
  })
  .meta({ id: 'TemplateParameters' });
export type Parameters = z.infer<typeof Parameters>;

const TOO_LONG = `the instruction is longer than ${LIMITS.instructionBytes} bytes`;
export const Instruction = z
  .string()
  .min(1)
  .max(LIMITS.instructionBytes, TOO_LONG)
  .refine((text) => text.trim() !== '', 'the instruction is empty')
  .refine((text) => utf8Length(text) <= LIMITS.instructionBytes, { message: TOO_LONG })
  .meta(NOT_BLANK);

export const Timeout = z
  .number()
  .int()
  .min(LIMITS.timeoutMinMs, `timeout is at least ${LIMITS.timeoutMinMs} ms`)
  .max(LIMITS.timeoutMaxMs, `timeout is at most ${LIMITS.timeoutMaxMs} ms`);

const ModelName = z
  .string()
  .min(1)
  .max(200)
  .meta({ examples: ['scripted'] });
const Models = z
  .array(ModelName)
  .min(1)
  .max(LIMITS.llmModels)
  .meta({ examples: [['scripted']] });

/** What a task is to have, whether its request or its template says so: the request comes first. */
export const taskSettings = {
  resources: WantedResources.optional().describe(
    "What the sandbox may have, up to the server's maxima; omitted: the server's defaults",
  ),
  budget: WantedBudget.optional().describe(
    'What it and the tasks that it starts may use: tokens, usd, calls; omitted: not limited',
  ),
  ...givenGrants,
  output: WantedOutput.optional().describe(
    'What the answer has to fit, which the agent then gives as a value; omitted: it answers in text alone',
  ),
  model: ModelName.optional().describe(
    "The model to use, and no other; omitted: the key's defaults, or the account's, or the server's",
  ),
  models: Models.optional().describe(
    'Instead of model: several in the order in which they are asked, each when those before it cannot answer',
  ),
};

/** What its task is to have where the request says nothing. */
export const TemplateTask = z
  .strictObject({ timeout: Timeout.optional(), ...taskSettings, metadata: Metadata.optional() })
  .omit({ limits: true })
  .meta({ id: 'TemplateTask', ...notBoth('model', 'models') });
export type TemplateTask = z.infer<typeof TemplateTask>;

const settings = {
  title: keptText.trim().min(1).max(LIMITS.nameLength).describe('What people call it'),
  description: keptText.max(1_000).describe('What it is for'),
  instruction: Instruction.describe('What to do; {{name}} stands for the parameter of that name'),
  parameters: Parameters.nullable().describe('What {{…}} may be, as a JSON Schema; null: it has no parameters'),
  scopes: Scopes.describe('What its agent needs'),
  limits: z.array(Limit.strict()).max(LIMITS.limitsPerKey).describe('What its calls are to be limited to'),
  task: TemplateTask.describe('What its task has where the request says nothing'),
};

export const TemplateCreation = z.object({
  name: KeptName,
  title: settings.title.optional(),
  description: settings.description.default(''),
  instruction: settings.instruction,
  parameters: settings.parameters.default(null),
  scopes: settings.scopes,
  limits: settings.limits.default([]),
  task: settings.task.default({}),
});
export type TemplateCreation = z.infer<typeof TemplateCreation>;

export const TemplateChanges = z.object({
  ...z.object(settings).partial().shape,
  from: z
    .number()
    .int()
    .positive()
    .optional()
    .describe('The version that was read: refused when there is a later one'),
});
export type TemplateChanges = z.infer<typeof TemplateChanges>;

export const TemplateFilter = z.object(orderedPageInput);

/** Of what was checked when it was given. */
const told = z.record(z.string(), z.unknown());

export const Template = z
  .object({
    name: z.string(),
    version: z.number().int().positive().describe('Each change makes one; those before stay'),
    title: z.string(),
    description: z.string(),
    instruction: z.string(),
    parameters: told.nullable().describe('What {{…}} may be, as a JSON Schema of one level'),
    scopes: z.array(Scope).describe('What its agent needs'),
    limits: z.array(Limit).describe('What its calls are to be limited to: given to the task with its scopes'),
    task: told.describe('What its task has where the request says nothing'),
    pack: z.string().nullable().describe('The pack that brings it; null: Seed itself, or the account'),
    kept: z.boolean().describe('Whether the account keeps it and may change it'),
    keyId: z.uuid().nullable().describe('The key that made this version'),
    createdAt: z.iso.datetime().nullable().describe('When this version was made'),
  })
  .meta({ id: 'Template' });
export type Template = Omit<z.infer<typeof Template>, 'parameters' | 'task'> & {
  parameters: Parameters | null;
  task: TemplateTask;
};

/** What a task was started from. */
export const UsedTemplate = z.object({ name: z.string(), version: z.number().int().positive() });
export type UsedTemplate = z.infer<typeof UsedTemplate>;
