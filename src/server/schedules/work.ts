// What a schedule does, and whether the key that says so may: called where schedules are made and changed.
import type { Actor } from '../../command/call.ts';
import { type Command, isObject, type ObjectCommand } from '../../command/define-command.ts';
import { refuseUnlessAllowed } from '../../command/refuse-unless-allowed.ts';
import { SeedError } from '../../protocol/errors.ts';
import type { Limit } from '../../protocol/grant.ts';
import type { ScheduledTask } from '../../protocol/schedule.ts';
import { allows } from '../../protocol/scope.ts';
import { refuseUnknownScopes } from '../access/lineage.ts';
import { invalidInput } from '../http/invalid-input.ts';
import { RUN_TASK } from './rows.ts';

export interface WorkNeeds {
  commands(): readonly Command[];
  /** Every scope that some command asks for and the account could be granted. */
  scopesFor(operator: boolean): string[];
  /** Throws SeedError for limits that mean nothing. */
  checkLimits(limits: readonly Limit[]): Promise<unknown>;
  /** Throws SeedError when the caller may not have one of the asked models. */
  chooseModels(asked: readonly string[] | undefined, actor: Actor): unknown;
  /** Throws SeedError for a URL that events may not be posted to. */
  checkUrl(text: string): unknown;
}

/** One of the two is given. */
export interface WantedWork {
  task?: ScheduledTask | undefined;
  command?: string | undefined;
  input?: Record<string, unknown> | undefined;
}

export interface Work {
  command: string;
  input: Record<string, unknown>;
  /** What the key needs for it, and is to have at each run. */
  scopes: string[];
}

/** @throws SeedError invalid_input, unknown_scope, missing_scope, operator_only, not_allowed or unknown_model */
export async function checkedWork(actor: Actor, wanted: WantedWork, needs: WorkNeeds): Promise<Work> {
  if ((wanted.task === undefined) === (wanted.command === undefined))
    throw new SeedError('invalid_input', 'a schedule starts a task or calls a command: give one of the two');
  if (wanted.task === undefined) return commandWork(actor, wanted, needs);
  if (wanted.input !== undefined)
    throw new SeedError('invalid_input', 'input is for a command: what a task is given is in task');
  const { input, scopes } = await checkedTask(actor, wanted.task, needs, 'schedule');
  return { command: RUN_TASK, input, scopes };
}

/**
 * What a task is posted with that nobody waits for, as it is kept, and the scopes that its key needs.
 * @param of what posts it
 */
export async function checkedTask(
  actor: Actor,
  task: ScheduledTask,
  needs: WorkNeeds,
  of: 'schedule' | 'batch',
): Promise<Omit<Work, 'command'>> {
  refuseUnlessAllowed(commandOf(RUN_TASK, needs), actor);
  const { scopes, model, models, limits, webhookUrl } = task;
  if (scopes) {
    refuseUnknownScopes(scopes, needs.scopesFor(actor.operator));
    refuseLacking(actor, scopes, of);
  }
  if (model !== undefined && models !== undefined)
    throw new SeedError('invalid_input', 'task: model and models say the same thing: give one of them');
  needs.chooseModels(model === undefined ? models : [model], actor);
  if (limits) await needs.checkLimits(limits);
  if (webhookUrl !== undefined) needs.checkUrl(webhookUrl);
  const input = JSON.parse(JSON.stringify(task)) as Record<string, unknown>;
  return { input, scopes: ['tasks:write', ...(scopes ?? actor.key.scopes)] };
}

/** A task that is posted is given less and told so; here nobody would read it. */
function refuseLacking({ key }: Actor, scopes: readonly string[], of: string): void {
  const lacking = scopes.filter((scope) => !allows(key.scopes, scope));
  if (lacking.length === 0) return;
  throw new SeedError('missing_scope', `scopes: the key in use lacks ${lacking.join(', ')}`, {
    hint: `A ${of} never runs with less than it asks for. Leave them out, or use another key.`,
  });
}

function commandWork(actor: Actor, { command: name = '', input = {} }: WantedWork, needs: WorkNeeds): Work {
  const command = commandOf(name, needs);
  const why = unfit(command);
  if (why !== null) throw new SeedError('invalid_input', `command: "${name}" ${why}`);
  refuseUnlessAllowed(command, actor);
  const parsed = command.input.strict().safeParse(input);
  if (!parsed.success) throw invalidInput(parsed.error);
  return { command: name, input, scopes: command.scope === null ? [] : [command.scope] };
}

function unfit(command: ObjectCommand): string | null {
  if (command.name === RUN_TASK) return 'is what `task` is for';
  if (command.isPoll) return 'only waits, and does nothing by the clock';
  if (command.approval === 'ask') return 'asks a person each time it is called';
  return command.name.startsWith('schedules ') ? 'is about schedules themselves' : null;
}

function commandOf(name: string, { commands }: WorkNeeds): ObjectCommand {
  const command = commands().find((one) => one.name === name);
  if (command && isObject(command)) return command;
  throw new SeedError('invalid_input', `command: there is no command "${name}" that answers with one object`, {
    hint: 'GET /api/v1/commands lists those of the key in use.',
  });
}
