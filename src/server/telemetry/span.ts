// One span as Seed makes it, in the form that OpenTelemetry's exporter takes. Seed's spans are made whole, when what they
// tell of is over: their ids come from the task's, so that no server has to remember what another began.
import { randomBytes } from 'node:crypto';
import {
  type Attributes,
  type HrTime,
  type Link,
  SpanKind,
  SpanStatusCode,
  TraceFlags,
} from '@opentelemetry/api';
import type { Resource } from '@opentelemetry/resources';
import type { ReadableSpan } from '@opentelemetry/sdk-trace';

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

/** A UUID has the 128 bits that a trace id is made of. */
export function traceIdOf(taskId: string): string {
  return taskId.replaceAll('-', '');
}

/** Never zero, as the second half of a UUID begins with its variant. */
function rootSpanIdOf(taskId: string): string {
  return traceIdOf(taskId).slice(16);
}

export function contextOf(taskId: string, spanId = rootSpanIdOf(taskId)) {
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
  const attributes: Attributes = {};
  for (const [name, value] of Object.entries(values)) {
    if (value === null) continue;
    attributes[name] = typeof value === 'string' ? value.slice(0, ATTRIBUTE_LENGTH) : value;
  }
  return attributes;
}

function hrTime(ms: number): HrTime {
  const seconds = Math.floor(ms / 1_000);
  return [seconds, Math.round((ms - seconds * 1_000) * 1e6)];
}
