// Reads what was typed for a flag as the value its schema wants. Types only: ranges and patterns are the server's to judge.
import { SeedError } from '../protocol/errors.ts';
import type { Flag, ScalarKind } from './flags.ts';
import { localFile } from './local-file.ts';
import { closest } from './suggest.ts';

/** The value of a flag from everything typed for it, in order. Throws SeedError `usage`. */
export function flagValue(flag: Flag, typed: readonly string[]): unknown {
  if (flag.nullable && typed.length === 1 && typed[0] === 'null') return null;
  if (flag.kind === 'list') return typed.flatMap((text) => listValue(flag, text));
  if (flag.kind === 'files') return typed.map(localFile);
  if (flag.kind === 'record') return Object.assign({}, ...typed.map((text) => recordValue(flag, text)));
  const text = typed[0];
  if (text === undefined || typed.length > 1) throw wrong(flag, 'is given more than once');
  if (flag.kind === 'json') return jsonValue(flag, text);
  if (flag.kind === 'boolean') return booleanValue(flag, text);
  return scalarValue(flag, flag.kind, text);
}

function listValue(flag: Flag, text: string): unknown[] {
  if (text.startsWith('[')) {
    const items = jsonValue(flag, text);
    if (Array.isArray(items)) return items;
  }
  const parts = text.split(',').map((part) => part.trim());
  return parts.filter((part) => part !== '').map((part) => scalarValue(flag, flag.itemKind, part));
}

function recordValue(flag: Flag, text: string): unknown {
  if (text.startsWith('{')) return jsonValue(flag, text);
  const equals = text.indexOf('=');
  if (equals < 1) throw wrong(flag, `takes name=value, not ${quote(text)}`);
  return { [text.slice(0, equals)]: text.slice(equals + 1) };
}

function booleanValue(flag: Flag, text: string): boolean {
  if (text === 'true' || text === 'false') return text === 'true';
  throw wrong(flag, `is true or false, not ${quote(text)}`);
}

function jsonValue(flag: Flag, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw wrong(flag, `takes JSON, and ${quote(text)} is none`, cause);
  }
}

function scalarValue(flag: Flag, kind: ScalarKind, text: string): string | number {
  if (flag.choices.length > 0 && !flag.choices.includes(text)) {
    const meant = closest(text, flag.choices);
    const note = meant === undefined ? '' : `; did you mean ${meant}?`;
    throw wrong(flag, `is one of ${flag.choices.join(', ')}, not ${quote(text)}${note}`);
  }
  if (kind === 'string') return text;
  const number = Number(text);
  if (text.trim() === '' || !Number.isFinite(number)) throw wrong(flag, `is a number, not ${quote(text)}`);
  if (kind === 'integer' && !Number.isSafeInteger(number)) {
    throw wrong(flag, `is a whole number, not ${quote(text)}`);
  }
  return number;
}

function quote(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);
}

function wrong(flag: Flag, problem: string, cause?: unknown): SeedError {
  return new SeedError('usage', `--${flag.name} ${problem}`, { cause });
}
