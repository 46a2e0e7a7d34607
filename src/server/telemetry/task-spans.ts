// What a task's trace is made of: the task itself, its queue and its start, each call of a model, each command. Names and
// attributes are those of OpenTelemetry's GenAI conventions where there are some; instructions, arguments and outputs
// are in none.
import type { Link } from '@opentelemetry/api';
import type { TaskRow } from '../../db/tables.ts';
import { parseTraceParent } from '../../lib/trace-parent.ts';
import { FAILED } from '../../protocol/statuses.ts';
import type { ModelCall } from '../spending/call-usage.ts';
import type { CommandCall } from './observation.ts';
import { contextOf, type Span } from './span.ts';

const AGENT = 'pi';

/** The spans that tell themselves from the row of a task that has ended. */
export function spansOfTask(task: TaskRow, providerOf: (model: string) => string): Span[] {
  const startedMs = task.started_at?.getTime();
  const endMs = task.completed_at?.getTime() ?? task.created_at.getTime();
  const part = (name: string, startMs: number, end: number): Span => {
    return { taskId: task.id, name, startMs, endMs: end, attributes: {}, error: null };
  };
  const spans = [
    rootSpan(task, endMs, providerOf),
    part('queue', task.created_at.getTime(), startedMs ?? endMs),
  ];
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
