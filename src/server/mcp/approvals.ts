// What waits for a person over MCP: answers of calls that were asked about, held for a while; how a pending
// approval is put before a person, and what their answer decides.
import type { CallToolResult, ServerContext, Tool } from '@modelcontextprotocol/server';
import type { Approval } from '../../protocol/approval.ts';
import { isSettled } from '../../protocol/approval-wait.ts';
import { type ErrorCode, SeedError } from '../../protocol/errors.ts';
import { LIMITS } from '../../protocol/limits.ts';
import type { JsonSchema } from '../../protocol/manifest.ts';
import { allowedCommand, type Platform, type PlatformCommand } from './platform.ts';
import { progressTo } from './progress.ts';
import { answerOf, bodyOf, isAsked, toolResult } from './tool.ts';

/** How long one request of it waits, so that a client that waits hears something meanwhile. */
const LOOK_SECONDS = 10;

/**
 * The result of a tool, from the answer of its call. One that a person is asked about is held until they have
 * decided and it was done, for as long as clients wait for a tool; then it says what it waits for.
 * @param resultOf what the tool makes of the command's own answer
 * @throws SeedError what REST refused, what the person said no to, or why it failed
 */
export async function heldResult(
  platform: Platform,
  response: Response,
  ctx: ServerContext,
  resultOf: (body: Record<string, unknown>) => CallToolResult | Promise<CallToolResult>,
): Promise<CallToolResult> {
  const body = await bodyOf(response);
  if (!isAsked(response)) return resultOf(body);
  const asked = body['approval'] as Approval;
  const approval = await followApproval(platform, asked, LIMITS.mcp.waitSecondsDefault, ctx);
  const { state, error, result } = approval;
  if (!isSettled(approval)) return waitingResult(approval);
  if (error) throw new SeedError(error.code as ErrorCode, error.message);
  if (state === 'approved') return resultOf(result as Record<string, unknown>);
  throw new SeedError('approval_expired', `the call was not done: its approval is ${state}`, {
    hint: 'Nobody said no. Ask the person you work for before you call it again.',
  });
}

/** Waits until nothing more becomes of the approval, the time is over or the client has gone. */
export async function followApproval(
  platform: Platform,
  approval: Approval,
  seconds: number,
  ctx: ServerContext,
): Promise<Approval> {
  const get = allowedCommand(platform, 'approvals get');
  const { signal } = ctx.mcpReq;
  const tell = progressTo(ctx);
  const untilMs = performance.now() + seconds * 1_000;
  let seen = approval;
  while (get && !isSettled(seen) && !signal.aborted) {
    await tell(stateLine(seen));
    const leftSeconds = Math.floor((untilMs - performance.now()) / 1_000);
    if (leftSeconds < 1) break;
    const waitSeconds = Math.min(leftSeconds, LOOK_SECONDS);
    const answer = await answerOf(await platform.call(get, { id: seen.id }, { signal, waitSeconds }));
    seen = answer['approval'] as Approval;
  }
  return seen;
}

/** One line: what waits, or what became of it. */
export function stateLine({ state, summary, decidedBy, message, error }: Approval): string {
  if (state === 'pending') return `waits for a person's yes: ${summary}`;
  const by = decidedBy ? ` by ${decidedBy.keyName}` : '';
  const why = error && state === 'approved' ? `, and failed: ${error.message}` : message ? `: ${message}` : '';
  return `${state}${by}${why}: ${summary}`;
}

/** The answer of a tool whose call still waits. */
function waitingResult(approval: Approval): CallToolResult {
  const { id, summary, reason, expiresAt } = approval;
  return toolResult(
    { approval: { ...approval } },
    [
      `Nothing is done yet: it waits for a person's yes, until ${expiresAt}.`,
      `Approval ${id}: ${summary}`,
      `Why it is asked: ${reason}`,
      `To wait for the decision call getApproval with {"id":"${id}","wait":${LIMITS.mcp.waitSecondsDefault}}. Do not call the same again: once it is approved, Seed does it.`,
    ].join('\n'),
  );
}

/** In the place of the command's own answer, while it waits. */
const WAITING: JsonSchema = {
  type: 'object',
  properties: {
    approval: {
      type: 'object',
      properties: { id: { type: 'string' }, state: { type: 'string' }, summary: { type: 'string' } },
      required: ['id', 'state', 'summary'],
    },
  },
  required: ['approval'],
};

/** What a tool of the command answers: as the command does or, where a person may be asked, what it waits for. */
export function heldOutput(platform: Platform, command: PlatformCommand): Tool['outputSchema'] {
  const { outputSchema } = command;
  if (!platform.mayBeAsked(command)) return outputSchema as Tool['outputSchema'];
  const { $defs, ...answer } = outputSchema;
  return {
    type: 'object',
    anyOf: [answer, WAITING],
    ...($defs !== undefined && { $defs }),
  } as Tool['outputSchema'];
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
  return {
    method: 'elicitation/create',
    params: {
      mode: 'form',
      message: [summary, '', `Task ${task} waits for your yes. ${reason}`, ...what].join('\n'),
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
