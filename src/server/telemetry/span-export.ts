// Sends spans away by OTLP over HTTP, in batches. A receiver that is slow, broken or gone costs nothing but its spans:
// so many may wait and no more, nobody waits for them, and the log says so once a minute.
import { setTimeout as sleep } from 'node:timers/promises';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { BatchSpanProcessor, type ReadableSpan, type SpanExporter } from '@opentelemetry/sdk-trace';
import type { Logger } from '../../lib/log.ts';
import type { TraceSettings } from './telemetry-settings.ts';

const LOG_EVERY_MS = 60_000;
/** What a server that stops waits for the receiver. */
const CLOSE_WITHIN_MS = 3_000;

export interface SpanExport {
  add(span: ReadableSpan): void;
  close(): Promise<void>;
}

export function openSpanExport(settings: TraceSettings, log: Logger): SpanExport {
  // All that waits may be sent at once when the server stops.
  const concurrencyLimit = Math.ceil(settings.queueSize / settings.batchSize) + 1;
  const exporter = new OTLPTraceExporter({ url: settings.url, concurrencyLimit });
  const processor = new BatchSpanProcessor({
    exporter: telling(exporter, log),
    maxQueueSize: settings.queueSize,
    maxExportBatchSize: settings.batchSize,
    scheduledDelayMillis: settings.delayMs,
    exportTimeoutMillis: settings.timeoutMs,
  });
  return {
    add: (span) => processor.onEnd(span),
    async close() {
      const sent = processor.shutdown().then(
        () => 'sent',
        (error: Error) => error.message,
      );
      const late = sleep(CLOSE_WITHIN_MS, `not within ${CLOSE_WITHIN_MS} ms`, { ref: false });
      const outcome = await Promise.race([sent, late]);
      if (outcome !== 'sent') log.warn({ error: outcome }, 'the last spans may not have been received');
    },
  };
}

/** An exporter that logs its failures, seldom, and keeps them to itself. */
function telling(exporter: OTLPTraceExporter, log: Logger): SpanExporter {
  let lost = 0;
  let toldAt = Number.NEGATIVE_INFINITY;
  const failed = (spans: number, error: Error | undefined) => {
    lost += spans;
    if (performance.now() - toldAt < LOG_EVERY_MS) return;
    log.warn({ spans: lost, error: error?.message }, 'spans could not be sent to the OTLP endpoint');
    toldAt = performance.now();
    lost = 0;
  };
  return {
    export: (spans, done) =>
      exporter.export(spans, (result) => {
        if (result.error || result.code !== 0) failed(spans.length, result.error);
        done({ code: 0 });
      }),
    forceFlush: () => exporter.forceFlush(),
    shutdown: () => exporter.shutdown(),
  };
}
