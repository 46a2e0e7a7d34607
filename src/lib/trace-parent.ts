// The W3C Trace Context header `traceparent`: which trace of the caller's a request belongs to.
const TRACE_PARENT = /^00-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})$/;

/** Null for what is none: a header that is not understood is as good as missing. */
export function parseTraceParent(text: string | null | undefined) {
  const [, traceId, spanId, flags] = text?.match(TRACE_PARENT) ?? [];
  return traceId && spanId && flags ? { traceId, spanId, flags: Number.parseInt(flags, 16) } : null;
}
