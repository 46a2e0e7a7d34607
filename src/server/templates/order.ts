// What a request orders: its instruction, or that of a template with what the template says of its task. Called
// when a task is accepted.
import type { Call } from '../../command/call.ts';
import { SeedError } from '../../protocol/errors.ts';
import { LIMITS } from '../../protocol/limits.ts';
import type { RunTaskBody } from '../../protocol/task.ts';
import type { Template, UsedTemplate } from '../../protocol/template.ts';
import { utf8Length } from '../../protocol/text.ts';
import { fillIn, valuesFor } from './parameters.ts';
import { findTemplate } from './rows.ts';

export interface TemplateSource {
  /** Those that Seed and its packs bring, by name. */
  brought: ReadonlyMap<string, Template>;
}

/** A request with nothing left open. */
export type Order = Omit<RunTaskBody, 'instruction' | 'timeout' | 'template' | 'parameters'> & {
  instruction: string;
  timeout: number;
  template: UsedTemplate | null;
};

/** What the request says comes before what its template says. @throws SeedError invalid_input, not_found */
export async function orderOf(
  { actor, store }: Pick<Call, 'actor' | 'store'>,
  { instruction, template: reference, parameters, ...request }: RunTaskBody,
  source: TemplateSource,
): Promise<Order> {
  const { timeout = LIMITS.timeoutDefaultMs } = request;
  if (instruction !== undefined && reference !== undefined)
    throw new SeedError('invalid_input', 'instruction and template say the same thing: give one of them');
  if (reference === undefined && parameters !== undefined)
    throw new SeedError('invalid_input', 'parameters are those of a template, and there is none');
  if (instruction !== undefined) return { ...request, instruction, timeout, template: null };
  if (reference === undefined) {
    const hint = 'Say in "instruction" what to do, or name a template: `seed templates list` has them.';
    throw new SeedError('invalid_input', 'there is no instruction', { hint });
  }
  const template = await templateOf(store.db, { accountId: actor.accountId, reference }, source);
  const { task, scopes, limits, name, version } = template;
  const models = request.model ?? request.models;
  return {
    ...task,
    scopes,
    limits,
    ...given(request),
    // Either says which models, and not both.
    ...(models !== undefined && { model: request.model, models: request.models }),
    files: request.files,
    uploads: request.uploads,
    credentials: request.credentials,
    metadata: { ...task.metadata, ...request.metadata },
    timeout: request.timeout ?? task.timeout ?? LIMITS.timeoutDefaultMs,
    instruction: filled(template, parameters ?? {}),
    template: { name, version },
  };
}

/** Without what it does not speak of. */
function given<Request extends object>(request: Request): Request {
  return Object.fromEntries(Object.entries(request).filter(([, value]) => value !== undefined)) as Request;
}

function filled(template: Template, values: NonNullable<RunTaskBody['parameters']>): string {
  const { parameters, instruction, name } = template;
  if (parameters === null) {
    if (Object.keys(values).length === 0) return instruction;
    throw new SeedError('invalid_input', `the template "${name}" has no parameters`);
  }
  const text = fillIn(instruction, valuesFor(parameters, values));
  if (utf8Length(text) <= LIMITS.instructionBytes && text.trim() !== '') return text;
  const what = text.trim() === '' ? 'is empty' : `is longer than ${LIMITS.instructionBytes} bytes`;
  throw new SeedError('invalid_input', `the instruction ${what} with these parameters`, {
    hint: 'What is long goes into files: the agent reads them in /workspace/in.',
  });
}

/** @param wanted.reference `name`, or `name@version` @throws SeedError not_found */
export async function templateOf(
  db: Call['store']['db'],
  { accountId, reference }: { accountId: string; reference: string },
  { brought }: TemplateSource,
): Promise<Template> {
  const [name = '', digits] = reference.split('@');
  const version = digits === undefined ? undefined : Number(digits);
  const found = name.includes('.') ? brought.get(name) : await findTemplate(db, { accountId, name, version });
  if (found && (version === undefined || version === found.version)) return found;
  const known =
    found || (version !== undefined && !name.includes('.') && (await findTemplate(db, { accountId, name })));
  const hint = known
    ? `\`seed templates versions ${name}\` shows those that are kept.`
    : '`seed templates list` shows what there is.';
  const what = known ? `the template "${name}" has no version ${version}` : `there is no template "${name}"`;
  throw new SeedError('not_found', what, { hint });
}
