// What waits for a person, put before the one at the client as a form, and what their answers decide: with the
// presented key, whose answer must count. Used by approvals.ts, asking.ts and task-view.ts.
import type { Approval } from '../../protocol/approval.ts';
import { SeedError } from '../../protocol/errors.ts';
import { LIMITS } from '../../protocol/limits.ts';
import { allowedCommand, type Platform } from './platform.ts';
import { answerOf } from './tool.ts';

/** One line: what waits, or what became of it. */
export function stateLine({ state, summary, decidedBy, message, error }: Approval): string {
  if (state === 'pending') return `waits for a person's yes: ${summary}`;
  const by = decidedBy ? ` by ${decidedBy.keyName}` : '';
  const why = error && state === 'approved' ? `, and failed: ${error.message}` : message ? `: ${message}` : '';
  return `${state}${by}${why}: ${summary}`;
}

/** Those of a task that wait, as far as the key may see them. */
export async function pendingOf(platform: Platform, taskId: string, signal: AbortSignal): Promise<Approval[]> {
  const list = allowedCommand(platform, 'approvals list');
  if (!list) return [];
  const page = await answerOf(await platform.call(list, { task: taskId, state: 'pending' }, { signal }));
  return page['items'] as Approval[];
}

/** Whether this key's answer would count. */
export function mayDecide(platform: Platform, approval: Approval): boolean {
  return approval.mayDecide && allowedCommand(platform, 'approvals approve') !== undefined;
}

/**
 * An approval as a question to the person at the client. It is the same as long as it waits: clients take one of
 * the same name that reads differently for a fault.
 */
export function elicitation({
  summary,
  command,
  effect,
  reason,
  kind,
  inputJson,
  budget,
  task,
}: Approval): object {
  const what =
    kind === 'budget' && budget
      ? [`Budget: ${budget.current} → ${budget.requested} ${budget.unit}`]
      : [`Command: ${command} (${effect})`, `Input:\n${inputJson}`];
  const who = task === null ? 'This call' : `Task ${task}`;
  return {
    method: 'elicitation/create',
    params: {
      mode: 'form',
      message: [summary, '', `${who} waits for your yes. ${reason}`, ...what].join('\n'),
      requestedSchema: {
        type: 'object',
        properties: {
          decision: { type: 'string', title: 'Decision', enum: ['approve', 'deny'] },
          message: {
            type: 'string',
            title: 'Message',
            description: 'What the agent is told',
            maxLength: LIMITS.approvalMessageLength,
          },
        },
        required: ['decision'],
      },
    },
  };
}

/** What is asked of the client's person, by the ids of what waits. */
export function inputRequests(waiting: readonly Approval[]): Record<string, object> {
  return Object.fromEntries(waiting.map((approval) => [approval.id, elicitation(approval)]));
}

/** Decides what the answers say, as this key. Those of what does not wait any more are ignored. */
export async function decideAs(
  platform: Platform,
  waiting: readonly Approval[],
  answers: Record<string, unknown>,
  signal: AbortSignal,
): Promise<void> {
  const given = waiting.flatMap(({ id }) => {
    const decision = id in answers ? decisionIn(answers[id]) : null;
    return decision === null ? [] : [{ id, ...decision }];
  });
  for (const { command, ...input } of given) {
    const decide = allowedCommand(platform, command);
    if (!decide) continue;
    await answerOf(await platform.call(decide, input, { signal })).catch((error) => {
      if (!(error instanceof SeedError) || error.code !== 'approval_decided') throw error;
    });
  }
}

/** A person's answer to it: what it decides; null: nothing. @throws SeedError invalid_input */
export function decisionIn(answer: unknown): { command: string; message: string | undefined } | null {
  const { action, content } = (answer ?? {}) as { action?: unknown; content?: Record<string, unknown> };
  const { decision, message } = content ?? {};
  const said = typeof message === 'string' && message.trim() !== '' ? message : undefined;
  if (action === 'cancel') return null;
  if (action === 'decline') return { command: 'approvals deny', message: said };
  if (action === 'accept' && (decision === 'approve' || decision === 'deny'))
    return { command: `approvals ${decision}`, message: said };
  throw new SeedError('invalid_input', 'the answer is neither {"decision":"approve"} nor {"decision":"deny"}');
}
