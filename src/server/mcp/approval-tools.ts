// The tools for approvals: listApprovals and decideApproval, for keys that may decide, and getApproval, which
// waits for the decision about a call that was asked about.
import type { Tool } from '@modelcontextprotocol/server';
import type { Approval } from '../../protocol/approval.ts';
import { SeedError } from '../../protocol/errors.ts';
import { LIMITS } from '../../protocol/limits.ts';
import type { JsonSchema } from '../../protocol/manifest.ts';
import { followApproval } from './approvals.ts';
import { stateLine } from './decisions.ts';
import type { McpTool } from './mcp-server.ts';
import { allowedCommand, type Platform, type PlatformCommand } from './platform.ts';
import { annotationsOf, answerOf, inputSchemaOf, orToolError, takeWait, toolResult, waitSchema } from './tool.ts';

export function listApprovalsTool(platform: Platform, command: PlatformCommand): McpTool {
  return {
    definition: {
      name: 'listApprovals',
      title: 'List approvals',
      description: `${command.summary}. Those in the state pending wait for decideApproval.`,
      inputSchema: inputSchemaOf(command),
      outputSchema: command.outputSchema as Tool['outputSchema'],
      annotations: annotationsOf(command),
    },
    call: (input, ctx) =>
      orToolError(async () =>
        toolResult(await answerOf(await platform.call(command, input, { signal: ctx.mcpReq.signal }))),
      ),
  };
}

export function getApprovalTool(platform: Platform, command: PlatformCommand): McpTool {
  return {
    definition: {
      name: 'getApproval',
      title: 'Look at an approval',
      description:
        'Show what became of a call that waits for a person. With wait it holds the answer until it was decided and done.',
      inputSchema: inputSchemaOf(command, { wait: waitSchema(0, LIMITS.mcp.waitSecondsDefault) }),
      outputSchema: command.outputSchema as Tool['outputSchema'],
      annotations: annotationsOf(command),
    },
    call: (input, ctx) =>
      orToolError(async () => {
        const { wait, rest } = takeWait(input, 0, LIMITS.mcp.waitSecondsDefault);
        const { signal } = ctx.mcpReq;
        const answer = await answerOf(await platform.call(command, rest, { signal }));
        const seen = await followApproval(platform, answer['approval'] as Approval, wait, ctx);
        return toolResult({ approval: seen }, approvalText(seen));
      }),
  };
}

/** In the place of the commands that approve and deny. */
export function decideApprovalTool(platform: Platform, command: PlatformCommand): McpTool {
  const inputSchema = inputSchemaOf(command, { decision: DECISION });
  return {
    definition: {
      name: 'decideApproval',
      title: 'Approve or deny',
      description:
        'Decide on a call that waits: only as the person you work for has said, after they have seen its exact input. What is approved, Seed does at once.',
      inputSchema: { ...inputSchema, required: [...(inputSchema.required ?? []), 'decision'] },
      outputSchema: command.outputSchema as Tool['outputSchema'],
      annotations: { ...annotationsOf(command), destructiveHint: true },
    },
    call: (input, ctx) =>
      orToolError(async () => {
        const { decision, ...rest } = input;
        if (decision !== 'approve' && decision !== 'deny')
          throw new SeedError('invalid_input', 'decision is neither approve nor deny');
        const chosen = decision === 'approve' ? command : allowedCommand(platform, 'approvals deny');
        if (!chosen) throw new SeedError('missing_scope', 'this key may not deny');
        const answer = await answerOf(await platform.call(chosen, rest, { signal: ctx.mcpReq.signal }));
        const approval = answer['approval'] as Approval;
        return toolResult({ approval }, approvalText(approval));
      }),
  };
}

const DECISION: JsonSchema = { type: 'string', enum: ['approve', 'deny'], description: 'What the person said' };

function approvalText(approval: Approval): string {
  const { id, state, ranAt, result, error, expiresAt } = approval;
  const line = `Approval ${id} ${state === 'pending' ? `${stateLine(approval)}, until ${expiresAt}` : `is ${stateLine(approval)}`}.`;
  if (state === 'pending')
    return `${line} To wait for it call getApproval with {"id":"${id}","wait":${LIMITS.mcp.waitSecondsDefault}}.`;
  if (state === 'approved' && ranAt === null) return `${line} It is being done.`;
  return state === 'approved' && error === null ? `${line} It was done:\n${JSON.stringify(result)}` : line;
}
