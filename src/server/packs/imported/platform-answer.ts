// What the platform answered, as an object that a command answers: an object as it is, a list as `items`, other values as `value`.
import type { Operation } from '../../../openapi/operation.ts';
import type { PlatformResponse } from './send.ts';

/** Null: it is neither JSON nor text. */
export function platformAnswer(operation: Operation, { type, text, link }: PlatformResponse): object | null {
  if (text === '') return { ok: true };
  if (!/json/i.test(type)) return /^text\//i.test(type) ? { value: text } : null;
  const value = parsed(text);
  if (value === undefined) return null;
  if (Array.isArray(value)) return { items: value, nextPage: nextInputs(operation, link) };
  return typeof value === 'object' && value !== null ? value : { value };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text, exactly as never);
  } catch {
    return undefined;
  }
}

/** A whole number that JavaScript cannot hold, such as the ids of some platforms, stays as it was written: as text. */
function exactly(_name: string, value: unknown, { source }: { source?: string }): unknown {
  return typeof value === 'number' &&
    Number.isInteger(value) &&
    !Number.isSafeInteger(value) &&
    source !== undefined
    ? source
    : value;
}

/** The inputs that ask for the next page, where the platform names it in a Link header (RFC 8288); null: it does not. */
function nextInputs({ places }: Operation, link: string | null): Record<string, string> | null {
  const target = /<([^>]*)>\s*;[^,]*\brel="?next"?/i.exec(link ?? '')?.[1];
  if (target === undefined || !URL.canParse(target, 'http://platform')) return null;
  const { searchParams } = new URL(target, 'http://platform');
  const inputs = Object.entries(places).flatMap(([input, place]) => {
    const value = place.in === 'query' ? searchParams.get(place.name ?? input) : null;
    return value === null ? [] : [[input, value] as const];
  });
  return inputs.length === 0 ? null : Object.fromEntries(inputs);
}
