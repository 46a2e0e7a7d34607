// A task's events: its transcript. `seq` counts from 1 without gaps within a task and is the SSE id.
import { z } from 'zod';
import { ApprovalState } from './approval.ts';
import { CALL_ID_LENGTH, TOOL_NAME_LENGTH } from './event-lengths.ts';
import { LIMITS } from './limits.ts';
import { TaskError, TaskPhase, TaskStatus } from './task.ts';
import { utf8Length } from './text.ts';

const text = z
  .string()
  .max(LIMITS.eventBytes)
  .refine((value) => utf8Length(value) <= LIMITS.eventBytes, `longer than ${LIMITS.eventBytes} bytes`);
const callId = z.string().max(CALL_ID_LENGTH);
const HttpStatus = z.number().int().nullable();

/**
 * How the ids begin that the gateway gives to calls it recovered from text, and to no others. The server marks
 * their events by it, whatever a guest says: neither a model nor what it has read can make or avoid such an id.
 */
export const RECOVERED_ID_START = 'txt';

/** What the agent does; the guest may send these and no others. */
export const AgentEvent = z.discriminatedUnion('type', [
  /** A complete piece of the agent's text. */
  z.object({ type: z.literal('text'), text }),
  z.object({
    type: z.literal('tool_call'),
    callId,
    tool: z.string().max(TOOL_NAME_LENGTH),
    input: z.record(z.string(), z.unknown()),
    recovered: z
      .literal(true)
      .optional()
      .describe('The model had written the call as text; the gateway made a call of it'),
  }),
  /** What a tool printed since the event before. */
  z.object({ type: z.literal('tool_output'), callId, chunk: text }),
  z.object({ type: z.literal('tool_result'), callId, output: text, isError: z.boolean() }),
  /** Something the agent's runtime has to say that is not part of the answer. */
  z.object({ type: z.literal('diagnostic'), text }),
  z
    .object({ type: z.literal('summary'), text, keeps: z.number().int().nonnegative() })
    .describe('Stands for what was said before it, but for the last so many entries: that was too long'),
]);
export type AgentEvent = z.infer<typeof AgentEvent>;

/** What the server itself records. */
export const ServerEvent = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('status'),
    status: TaskStatus,
    phase: TaskPhase.nullable(),
    error: TaskError.nullable(),
  }),
  z.object({
    type: z.literal('command'),
    command: z.string(),
    effect: z.enum(['read', 'write', 'destructive']),
    scope: z.string().nullable(),
    status: HttpStatus.describe('HTTP status of the answer; null: it was cut off, and may have been done'),
    durationMs: z.number().int(),
  }),
  z.object({
    type: z.literal('approval'),
    approvalId: z.uuid(),
    state: ApprovalState,
    command: z.string().nullable().describe('Null: more of its budget is asked for'),
    summary: z.string().describe('What would happen'),
    reason: z.string().describe('Which limit or setting asks'),
    decidedBy: z.string().nullable().describe('The name of the key that decided'),
    message: z.string().nullable().describe('What the decider said'),
  }),
  z
    .object({ type: z.literal('message'), messageId: z.uuid(), text: z.string(), keyId: z.uuid() })
    .describe('Somebody has sent the task a message; its agent reads it at its next turn'),
]);
export type ServerEvent = z.infer<typeof ServerEvent>;

const position = { seq: z.number().int().positive(), at: z.iso.datetime() };
export const TaskEvent: z.ZodType<TaskEvent> = z
  .discriminatedUnion('type', [
    ...AgentEvent.options.map((option) => option.extend(position)),
    ...ServerEvent.options.map((option) => option.extend(position)),
  ] as unknown as [z.ZodObject, ...z.ZodObject[]])
  .meta({ id: 'TaskEvent' }) as unknown as z.ZodType<TaskEvent>;
export type TaskEvent = (AgentEvent | ServerEvent) & { seq: number; at: string };
