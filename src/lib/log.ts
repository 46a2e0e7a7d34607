// The structured log of server and runner: JSON lines on stderr, so that stdout stays free for what people read.
import { destination, type Logger, pino } from 'pino';

export type { Logger };

/** A logger whose lines name their process. Secrets are never handed to it; what looks like one is cut all the same. */
export function createLog(name: string, level: string): Logger {
  return pino(
    {
      name,
      level,
      redact: { paths: ['*.authorization', '*.secret', '*.taskKey', '*.apiKey'], censor: '[removed]' },
    },
    destination({ fd: 2, sync: true }),
  );
}
