// Whether what a pack's file exports is a pack: mistakes show when the server starts, not when an agent calls.
import { z } from 'zod';
import { type Command, isStream } from '../../command/define-command.ts';
import { parseHttp, pathParameters, toJsonSchema } from '../../command/manifest.ts';
import type { Pack } from '../../pack/definition.ts';
import { isImported } from '../../pack/imported-commands.ts';
import type { PackCommand } from '../../pack/pack-command.ts';
import { packProblem } from '../../pack/problem.ts';
import { CREDENTIAL_MODES } from '../../protocol/credential.ts';
import { CommandLimit, Limit } from '../../protocol/grant.ts';
import { LIMITS } from '../../protocol/limits.ts';
import { Scope } from '../../protocol/scope.ts';
import { KeptName, Parameters } from '../../protocol/template.ts';
import { limitOf } from '../grants/bindings.ts';
import { compileLimit } from '../grants/compile-limit.ts';
import { dueTimes } from '../schedules/due-times.ts';
import { checkParameters } from '../templates/parameters.ts';

const isSchema = (value: unknown) => (value as { def?: { type?: string } } | null)?.def?.type === 'object';
const ObjectSchema = z.custom<z.ZodObject>(isSchema, 'is not a z.object({…})');
const AnyFunction = z.custom((value) => typeof value === 'function', 'is not a function');

const ConcreteScope = Scope.refine((scope) => !scope.includes('*'), 'is one concrete scope, without *');

const COMMON = {
  name: z
    .string()
    .regex(/^[a-z][a-z0-9-]*( [a-z][a-z0-9-]*){1,2}$/, 'is written as noun and verb: "contacts list"'),
  summary: z.string().min(1).max(200).regex(/^.*$/, 'is one line'),
  http: z
    .string()
    .regex(
      /^(GET|POST|PATCH|PUT|DELETE) (\/[a-z][a-z0-9-]*)(\/([a-z][a-z0-9-]*|\{[A-Za-z]\w*\}))*$/,
      'is written as method and path: "GET /contacts/{id}"',
    ),
  scope: ConcreteScope.nullable(),
  effect: z.enum(['read', 'write', 'destructive']),
  external: z.boolean().optional(),
  repeatable: z.boolean().optional(),
  reads: z.enum(['public', 'private', 'untrusted']).optional(),
  limits: z.array(CommandLimit).max(LIMITS.limitsPerKey).optional(),
  approval: z.literal('ask').optional(),
  schedule: z.union([z.string(), z.strictObject({ cron: z.string(), timezone: z.string() })]).optional(),
  input: ObjectSchema,
};
const CommandShape = z.looseObject({ ...COMMON, output: ObjectSchema, run: AnyFunction });
/** One that answers with a file: `filesOn`, and what an import makes of an operation that answers with bytes. */
const FileCommandShape = z.looseObject({
  ...COMMON,
  effect: z.literal('read', 'is "read": what answers with a file changes nothing'),
  file: AnyFunction,
});

/** Seed's own begin with these. */
const OWN_EVENTS = /^(task|key|webhook|schedule|batch)\./;
const EventName = z
  .string()
  .max(100)
  .regex(/^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+$/, 'is written like "incident.created"')
  .refine(
    (name) => !OWN_EVENTS.test(name),
    "begins like Seed's own: task., key., webhook., schedule. and batch. are taken",
  );

const TemplateShape = z.looseObject({
  title: z.string().min(1).max(100),
  instruction: z.string().trim().min(1).max(LIMITS.instructionBytes),
  scopes: z.array(ConcreteScope).min(1).max(LIMITS.scopesPerRequest),
  limits: z.array(Limit.strict()).max(LIMITS.limitsPerKey).optional(),
  name: KeptName.optional(),
  parameters: Parameters.optional(),
  output: z.looseObject({ type: z.literal('object') }).optional(),
});

const FIELDS = {
  name: z
    .string()
    .max(40)
    .regex(/^[a-z][a-z0-9-]*$/, 'is written in lower-case letters, digits and hyphens'),
  title: z.string().min(1).max(100),
  commands: z.array(z.unknown()).min(1, 'is empty'),
  credential: z.enum(CREDENTIAL_MODES).optional(),
  migrations: z.instanceof(URL).optional(),
  samples: AnyFunction.optional(),
  config: ObjectSchema.optional(),
  secrets: ObjectSchema.optional(),
  around: AnyFunction.optional(),
  events: z.array(z.looseObject({ name: EventName, summary: z.string().min(1).max(200) })).optional(),
  templates: z.array(TemplateShape).optional(),
  playbooks: z
    .array(z.looseObject({ name: z.string(), example: z.string(), recognises: AnyFunction, play: AnyFunction }))
    .optional(),
} satisfies Record<keyof Pack, z.ZodType>;
const PackShape = z.looseObject(FIELDS);

/**
 * @param file as messages name it
 * @param builtIn Seed's own commands, whose scopes a template may name
 * @throws SeedError invalid_settings
 */
export function checkPack(exported: unknown, file: string, builtIn: readonly Command[]): Pack {
  if (exported === undefined) {
    throw packProblem(file, 'it exports no "pack"', {
      hint: 'Write: export const pack = definePack({ name, title, commands });',
    });
  }
  const shape = PackShape.safeParse(exported);
  if (!shape.success) throw packProblem(file, `the pack's ${firstIssue(shape.error)}`);
  for (const command of shape.data.commands) checkCommand(command, file);
  const pack = exported as Pack;
  const known = new Set([...builtIn, ...pack.commands].map(({ scope }) => scope));
  for (const { title, scopes, instruction, parameters = null } of pack.templates ?? []) {
    try {
      checkParameters(parameters, instruction);
    } catch (error) {
      throw packProblem(file, `the template "${title}": ${(error as Error).message}`);
    }
    const unknown = scopes.find((scope) => !known.has(scope));
    if (unknown !== undefined)
      throw packProblem(
        file,
        `the template "${title}": no command of the pack or of Seed has the scope ${unknown}`,
      );
  }
  return pack;
}

function checkCommand(definition: unknown, file: string): void {
  const isFile = typeof definition === 'object' && definition !== null && 'file' in definition;
  const shape = (isFile ? FileCommandShape : CommandShape).safeParse(definition);
  const name = (definition as { name?: unknown } | null)?.name;
  const called = typeof name === 'string' ? `"${name}"` : 'without a name';
  if (!shape.success) throw packProblem(file, `the command ${called}: ${firstIssue(shape.error)}`);
  const problem = mistakeIn(definition as PackCommand);
  if (problem !== null) throw packProblem(file, `the command ${called}: ${problem}`);
}

/** What the types cannot say about a command. */
function mistakeIn(command: PackCommand): string | null {
  const { method, path } = parseHttp(command.http);
  if (method === 'GET' && command.effect !== 'read') return `a GET has the effect read, not ${command.effect}`;
  if (isStream(command as never)) return 'a pack cannot have streams';
  const limits = (command.limits ?? []).map((limit) =>
    compileLimit(limitOf(limit, command.name), command as never),
  );
  const unfit = limits.findIndex((limit) => limit.unfit !== null);
  if (unfit >= 0) return `limits[${unfit}]: ${limits[unfit]?.unfit?.why}`;
  const unscheduled = mistakeInSchedule(command);
  if (unscheduled !== null) return unscheduled;
  // Made from JSON Schema and with its own path: to look at thousands of them at every start would be most of it.
  if (isImported(command)) return null;
  const missing = pathParameters(path).find((name) => !(name in command.input.shape));
  if (missing !== undefined) return `{${missing}} stands in its path and not in its input`;
  if (command.takesFiles && !('files' in command.input.shape))
    return 'it takes files, and its input has no `files` (filesInput)';
  try {
    toJsonSchema(command.input, 'input');
    if (!('file' in command)) toJsonSchema(command.output, 'output');
  } catch (error) {
    return `its schemas cannot be described: ${(error as Error).message}`;
  }
  return null;
}

/** A time that never comes is found when the server starts, and not on the day. */
function mistakeInSchedule({ schedule, approval, input, ...command }: PackCommand): string | null {
  if (schedule === undefined) return null;
  if ('file' in command) return 'it answers with a file, and so has no schedule';
  if (approval === 'ask') return 'it has a schedule, and nobody to ask is there at that time';
  if (!input.strict().safeParse({}).success) return 'it has a schedule, and has to work without input';
  const { cron, timezone } = typeof schedule === 'string' ? { cron: schedule, timezone: 'UTC' } : schedule;
  try {
    dueTimes({ cron, runAt: null, timezone });
    return null;
  } catch (error) {
    return `schedule: ${(error as Error).message}`;
  }
}

function firstIssue(error: z.ZodError): string {
  const [issue] = error.issues;
  return issue ? `${issue.path.join('.')} ${issue.message}`.trim() : error.message;
}
