// What waits for a person over MCP: calls that are asked about, which are put before the client's own person or
// held for a while. Used by the tools.
import type { CallToolResult, ServerContext, Tool } from '@modelcontextprotocol/server';
import type { Approval } from '../../protocol/approval.ts';
import { isSettled } from '../../protocol/approval-wait.ts';
import { type ErrorCode, SeedError } from '../../protocol/errors.ts';
import { LIMITS } from '../../protocol/limits.ts';
import type { JsonSchema } from '../../protocol/manifest.ts';
import { askedBefore, asking, isAskable, type MadeCall, turnedAway } from './asking.ts';
import { decideAs, mayDecide, stateLine } from './decisions.ts';
import { allowedCommand, type Platform, type PlatformCommand } from './platform.ts';
import { progressTo } from './progress.ts';
import { declaresElicitation } from './tasks-extension.ts';
import { answerOf, bodyOf, isAsked, toolResult } from './tool.ts';

/** How long one request of it waits, so that a client that waits hears something meanwhile. */
const LOOK_SECONDS = 10;

interface HeldCall extends MadeCall {
  command: PlatformCommand;
  /** Seconds that its answer may be held until the task has ended. */
  waitSeconds?: number;
  /**
   * What the tool makes of the command's own answer.
   * @param response null where the call was done after a person's yes
   */
  resultOf(body: Record<string, unknown>, response: Response | null): CallToolResult | Promise<CallToolResult>;
}

/**
 * Makes a tool's call. One that a person is asked about is put before the client's own, where their answer
 * counts; otherwise it is held until somebody has decided and it was done, for as long as clients wait for a tool.
 * Then the result says what it waits for.
 * @throws SeedError what REST refused, what the person said no to, or why it failed
 */
export async function heldCall(platform: Platform, call: HeldCall, ctx: ServerContext): Promise<CallToolResult> {
  const { command, input, waitSeconds = 0, resultOf } = call;
  const before = askedBefore(ctx, call).approval;
  let asked: Approval;
  if (before === undefined) {
    const response = await platform.call(command, input, { signal: ctx.mcpReq.signal, waitSeconds });
    const body = await bodyOf(response);
    if (!isAsked(response)) return resultOf(body, response);
    asked = body['approval'] as Approval;
    // The answer to a call does not say whether this key may decide about it.
    if (declaresElicitation(ctx)) asked = await approvalSeen(platform, asked.id, ctx);
  } else asked = await answeredApproval(platform, command, before, ctx);
  if (isAskable(platform, asked, ctx)) return asking(call, { approval: asked.id }, [asked]);
  const seconds = turnedAway(asked, ctx) ? 0 : LIMITS.mcp.waitSecondsDefault;
  const approval = await followApproval(platform, asked, seconds, ctx);
  const { state, error, result } = approval;
  if (!isSettled(approval)) return waitingResult(approval);
  if (error) throw new SeedError(error.code as ErrorCode, error.message);
  if (state === 'approved') return resultOf(result as Record<string, unknown>, null);
  throw new SeedError('approval_expired', `the call was not done: its approval is ${state}`, {
    hint: 'Nobody said no. Ask the person you work for before you call it again.',
  });
}

/** The approval of a call that is made again, after what the client's person has said. */
async function answeredApproval(
  platform: Platform,
  command: PlatformCommand,
  id: string,
  ctx: ServerContext,
): Promise<Approval> {
  const { inputResponses = {}, signal } = ctx.mcpReq;
  const asked = await approvalSeen(platform, id, ctx);
  if (asked.command !== command.name) throw new SeedError('invalid_input', `approval ${id} is of another call`);
  if (!mayDecide(platform, asked)) return asked;
  await decideAs(platform, [asked], inputResponses, signal);
  return approvalSeen(platform, id, ctx);
}

async function approvalSeen(platform: Platform, id: string, ctx: ServerContext): Promise<Approval> {
  const get = allowedCommand(platform, 'approvals get');
  if (!get) throw new SeedError('missing_scope', 'this key may not look at approvals');
  const { signal } = ctx.mcpReq;
  return (await answerOf(await platform.call(get, { id }, { signal })))['approval'] as Approval;
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
