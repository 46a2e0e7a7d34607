// The structured log of server and runner: JSON lines on stderr, so that stdout stays free for what people read.
import { destination, type Logger, pino } from 'pino';

export type { Logger };

/** A logger whose lines name their process. Secrets are never handed to it; what looks like one is cut all the same. */
export function createLog(name: string, level: string): Logger {
  const stderr = destination({ fd: 2, sync: true });
  const sink = { write: (line: string) => void stderr.write(plainLine(line)) };
  return pino(
    {
      name,
      level,
      redact: { paths: ['*.authorization', '*.secret', '*.taskKey', '*.apiKey'], censor: '[removed]' },
    },
    sink,
  );
}

/**
 * JSON leaves these as they are, but a terminal may take them for commands or turn the text around: DEL, C1 controls,
 * line separators, and marks of the direction of writing.
 */
const RAW = /[\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g;

/** The line of a log as plain text, with the same meaning as JSON. */
export function plainLine(line: string): string {
  return line.replace(RAW, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
