// What a task's trace is made of: the task, its queue and start, each call of a model, each command; named as in
// OpenTelemetry's GenAI conventions, without instructions, arguments and outputs. Spans are made whole, at the end
// of what they tell of, with ids from the task's: no server has to remember what another began. Used by traces.ts.
import { randomBytes } from 'node:crypto';
import { type Attributes, type HrTime, type Link, SpanKind, SpanStatusCode, TraceFlags } from '@opentelemetry/api';
import type { Resource } from '@opentelemetry/resources';
import type { ReadableSpan } from '@opentelemetry/sdk-trace';
import type { TaskRow } from '../../db/tables.ts';
import { parseTraceParent } from '../../lib/trace-parent.ts';
import { FAILED } from '../../protocol/statuses.ts';
import type { ModelCall } from '../spending/call-usage.ts';
import type { CommandCall } from './observation.ts';

export interface Span {
  taskId: string;
  /** Whether it is the task's own span, which all others are children of. */
  root?: boolean;
  name: string;
  /** A call of something outside Seed. */
  outgoing?: boolean;
  startMs: number;
  endMs: number;
  /** What is null is left out. */
  attributes: Record<string, string | number | null>;
  /** The class of the error it ended with. */
  error: string | null;
  links?: Link[];
}

const ATTRIBUTE_LENGTH = 256;
const AGENT = 'pi';

/** A UUID has the 128 bits that a trace id is made of. */
export function traceIdOf(taskId: string): string {
  return taskId.replaceAll('-', '');
}

/** Never zero, as the second half of a UUID begins with its variant. */
function rootSpanIdOf(taskId: string): string {
  return traceIdOf(taskId).slice(16);
}

function contextOf(taskId: string, spanId = rootSpanIdOf(taskId)) {
  return { traceId: traceIdOf(taskId), spanId, traceFlags: TraceFlags.SAMPLED };
}

/** @param scope who made it */
export function toReadable(
  span: Span,
  resource: Resource,
  scope: ReadableSpan['instrumentationScope'],
): ReadableSpan {
  const { taskId, root = false, error } = span;
  // Two servers' clocks may disagree by a little; a duration is never negative.
  const endMs = Math.max(span.startMs, span.endMs);
  const context = contextOf(taskId, root ? rootSpanIdOf(taskId) : randomBytes(8).toString('hex'));
  return {
    name: span.name.slice(0, ATTRIBUTE_LENGTH),
    kind: span.outgoing ? SpanKind.CLIENT : SpanKind.INTERNAL,
    spanContext: () => context,
    ...(root ? {} : { parentSpanContext: contextOf(taskId) }),
    startTime: hrTime(span.startMs),
    endTime: hrTime(endMs),
    duration: hrTime(endMs - span.startMs),
    status: { code: error === null ? SpanStatusCode.UNSET : SpanStatusCode.ERROR },
    attributes: toAttributes({ ...span.attributes, 'error.type': error }),
    links: span.links ?? [],
    events: [],
    ended: true,
    resource,
    instrumentationScope: scope,
    droppedAttributesCount: 0,
    droppedEventsCount: 0,
    droppedLinksCount: 0,
  };
}

function toAttributes(values: Span['attributes']): Attributes {
  const cut = (value: string | number) => (typeof value === 'string' ? value.slice(0, ATTRIBUTE_LENGTH) : value);
  const given = Object.entries(values).flatMap(([name, value]) => (value === null ? [] : [[name, cut(value)]]));
  return Object.fromEntries(given);
}

function hrTime(ms: number): HrTime {
  const seconds = Math.floor(ms / 1_000);
  return [seconds, Math.round((ms - seconds * 1_000) * 1e6)];
}

/** The spans that tell themselves from the row of a task that has ended. */
export function spansOfTask(task: TaskRow, providerOf: (model: string) => string): Span[] {
  const startedMs = task.started_at?.getTime();
  const endMs = task.completed_at?.getTime() ?? task.created_at.getTime();
  const own = { taskId: task.id, attributes: {}, error: null };
  const part = (name: string, startMs: number, end: number): Span => ({ ...own, name, startMs, endMs: end });
  const spans = [rootSpan(task, endMs, providerOf), part('queue', task.created_at.getTime(), startedMs ?? endMs)];
  if (startedMs !== undefined) spans.push(part('start', startedMs, task.working_at?.getTime() ?? endMs));
  return spans;
}

function rootSpan(task: TaskRow, endMs: number, providerOf: (model: string) => string): Span {
  return {
    taskId: task.id,
    root: true,
    name: `invoke_agent ${AGENT}`,
    startMs: task.created_at.getTime(),
    endMs,
    error: FAILED.includes(task.status) ? (task.error?.code ?? task.status) : null,
    links: linksOf(task),
    attributes: {
      'gen_ai.operation.name': 'invoke_agent',
      'gen_ai.provider.name': providerOf(task.model),
      'gen_ai.agent.name': AGENT,
      'gen_ai.conversation.id': task.id,
      'gen_ai.request.model': task.model,
      'gen_ai.usage.input_tokens': task.input_tokens,
      'gen_ai.usage.output_tokens': task.output_tokens,
      'seed.account.id': task.account_id,
      'seed.key.id': task.key_id,
      'seed.task.status': task.status,
    },
  };
}

/** To what it came from: the trace of its caller, and the task whose agent posted it. */
function linksOf({ trace_parent, parent_task_id }: TaskRow): Link[] {
  const caller = parseTraceParent(trace_parent);
  const links: Link[] = [];
  if (caller) {
    const { traceId, spanId, flags } = caller;
    links.push({ context: { traceId, spanId, traceFlags: flags, isRemote: true } });
  }
  if (parent_task_id !== null) links.push({ context: contextOf(parent_task_id) });
  return links;
}

/** @param endMs when it ended, which is when it is told of */
export function spanOfModelCall(taskId: string, call: ModelCall, endMs: number, provider: string): Span {
  return {
    taskId,
    name: `chat ${call.askedModel}`,
    outgoing: true,
    startMs: endMs - call.durationMs,
    endMs,
    error: call.outcome === 'ok' ? null : call.outcome,
    attributes: {
      'gen_ai.operation.name': 'chat',
      'gen_ai.provider.name': provider,
      'gen_ai.conversation.id': taskId,
      'gen_ai.request.model': call.askedModel,
      'gen_ai.response.model': call.answeredModel,
      'gen_ai.usage.input_tokens': call.inputTokens,
      'gen_ai.usage.output_tokens': call.outputTokens,
    },
  };
}

/** @param endMs when it ended, which is when it is told of */
export function spanOfCommand(taskId: string, call: CommandCall, endMs: number): Span {
  return {
    taskId,
    name: `execute_tool ${call.name}`,
    startMs: endMs - call.durationMs,
    endMs,
    error: call.code,
    attributes: {
      'gen_ai.operation.name': 'execute_tool',
      'gen_ai.tool.name': call.name,
      'gen_ai.tool.type': 'function',
      'http.response.status_code': call.status,
      'seed.command.effect': call.effect,
    },
  };
}
