// The structured log of server and runner on stderr: JSON lines, and on a terminal lines for people.
import { isatty } from 'node:tty';
import { type BaseLogger, destination, type Logger, levels, pino } from 'pino';
import { SeedError } from '../protocol/errors.ts';

export type { Logger };

/** A logger whose lines name their process. It is handed no secrets; what looks like one is cut all the same. */
export function createLog(name: string, level: string): Logger {
  const stderr = destination({ fd: 2, sync: true });
  const format = isatty(2) ? readableLine : plainLine;
  const sink = { write: (line: string) => void stderr.write(format(line)) };
  const redact = { paths: ['*.authorization', '*.secret', '*.taskKey', '*.apiKey'], censor: '[removed]' };
  return pino({ name, level, redact }, sink);
}

/** What a terminal may take for commands, though JSON leaves it: DEL, C1, line separators, marks of direction. */
const RAW = /[\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g;

/** The line of a log as plain text, with the same meaning as JSON. */
export function plainLine(line: string): string {
  return line.replace(RAW, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** What a terminal's reader knows already. */
const UNSAID = ['level', 'time', 'pid', 'hostname', 'name', 'msg', 'err'];

/** A log's line for people: time, level, process, message, fields; an error's stack below. None of it is raw. */
export function readableLine(line: string): string {
  const record = JSON.parse(line) as Record<string, unknown>;
  const { level, time, name, msg = '', err } = record;
  const at = new Date(Number(time)).toTimeString().slice(0, 8);
  const fields = Object.entries(record).filter(([key]) => !UNSAID.includes(key));
  const textOf = (value: unknown) => (typeof value === 'string' ? value : JSON.stringify(value));
  const shown = fields.map(([key, value]) => `${key}=${textOf(value)}`);
  const first = [at, (levels.labels[Number(level)] ?? '').padEnd(5), `${name}:`, msg, ...shown].join(' ');
  const { stack, message } = (err ?? {}) as { stack?: string; message?: string };
  const lines = [first, ...(stack ?? message ?? '').split('\n').filter(Boolean)];
  return `${lines.map(escaped).join('\n  ')}\n`;
}

/** As JSON and plainLine escape it, without the quotes. */
function escaped(text: string): string {
  return plainLine(JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"').replaceAll('\\\\', '\\'));
}

/** What its finder has logged already, such as that the database is away, is told for debugging only. */
export function logFailure(log: BaseLogger, error: unknown, what: string, more: object = {}): void {
  const known = error instanceof SeedError && error.logged;
  log[known ? 'debug' : 'error']({ ...more, err: error }, what);
}
