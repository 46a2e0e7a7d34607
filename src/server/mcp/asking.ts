// Asks the person at a client of 2026-07-28 in the middle of a tool's call (SEP-2322): the tool answers
// `input_required`, and the client makes the call again with the answers. Used by approvals.ts and task-tools.ts.
import {
  type CallToolResult,
  type InputRequiredResult,
  ProtocolError,
  ProtocolErrorCode,
  type ServerContext,
} from '@modelcontextprotocol/server';
import { contentHash } from '../../lib/content-hash.ts';
import { isRecord, parseJson } from '../../lib/json.ts';
import type { Approval } from '../../protocol/approval.ts';
import { decideAs, inputRequests, mayDecide, pendingOf } from './decisions.ts';
import type { Platform } from './platform.ts';
import { declaresElicitation } from './tasks-extension.ts';

/** A call of a tool, as it is made again. */
export interface MadeCall {
  tool: string;
  input: Record<string, unknown>;
}

/** What was asked about: the call itself, which then is not made a second time, or a task that it has started. */
export interface AskedAbout {
  approval?: string;
  task?: string;
}

/**
 * What the call was asked about before, when it is one that is made again. Whoever makes up such a state learns
 * and does no more than with the ids in it: they are looked up with the presented key.
 * @throws ProtocolError -32602 when the state is of another call
 */
export function askedBefore(ctx: ServerContext, made: MadeCall): AskedAbout {
  const given = ctx.mcpReq.requestState();
  if (given === undefined) return {};
  const state = parseJson(String(given));
  if (!isRecord(state) || state['call'] !== nameOf(made))
    throw new ProtocolError(ProtocolErrorCode.InvalidParams, 'the requestState is not of this call');
  const { approval, task } = state;
  return { ...(typeof approval === 'string' && { approval }), ...(typeof task === 'string' && { task }) };
}

/** What the client is asked, in the place of the tool's result. */
export function asking(made: MadeCall, about: AskedAbout, waiting: readonly Approval[]): CallToolResult {
  const asked = {
    resultType: 'input_required',
    inputRequests: inputRequests(waiting),
    requestState: JSON.stringify({ ...about, call: nameOf(made) }),
  };
  // The SDK's type of what a tool answers does not have it.
  return asked as unknown as InputRequiredResult as unknown as CallToolResult;
}

/** Whether the client's person is to be asked: there is one, whose answer counts, and who has not turned away. */
export function isAskable(platform: Platform, approval: Approval, ctx: ServerContext): boolean {
  return declaresElicitation(ctx) && mayDecide(platform, approval) && !turnedAway(approval, ctx);
}

/** Whether the person has closed the form without an answer. */
export function turnedAway({ id }: Approval, { mcpReq }: ServerContext): boolean {
  const answer = mcpReq.inputResponses?.[id];
  return isRecord(answer) && answer['action'] === 'cancel';
}

/** What a task waits for that the client's person is to be asked. */
export async function questionsOf(platform: Platform, taskId: string, ctx: ServerContext): Promise<Approval[]> {
  if (!declaresElicitation(ctx)) return [];
  const pending = await pendingOf(platform, taskId, ctx.mcpReq.signal);
  return pending.filter((approval) => isAskable(platform, approval, ctx));
}

/** Decides about what the task waits for as this request's answers say. @throws SeedError invalid_input */
export async function takeAnswers(platform: Platform, taskId: string, ctx: ServerContext): Promise<void> {
  const { inputResponses = {}, signal } = ctx.mcpReq;
  if (Object.keys(inputResponses).length === 0) return;
  await decideAs(platform, await questionsOf(platform, taskId, ctx), inputResponses, signal);
}

const nameOf = ({ tool, input }: MadeCall): string => contentHash(tool, JSON.stringify(input));
