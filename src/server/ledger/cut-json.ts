// What the ledger keeps of a command's input and answer: enough to see what was done, no secret, and never much.

import { isRecord } from '../../lib/json.ts';

const STRING_MOST = 200;
const ITEMS_MOST = 20;
const DEPTH_MOST = 5;
const BYTES_MOST = 4_096;

const SECRET = '[secret]';
const SECRET_NAME = /secret|token|passw|authorization|credential|api_?key/i;
const KEY_SECRET = /sk_live_[A-Za-z0-9_-]{8,}/g;

/** A copy without secrets and large values; of one that is still larger than 4 KiB of JSON only the names remain. */
export function cutJson(value: unknown): unknown {
  const cut = cutValue(value, 0);
  if (size(cut) <= BYTES_MOST) return cut;
  const names = isRecord(cut) ? Object.keys(cut).slice(0, ITEMS_MOST) : [];
  return { cut: names.map((name) => name.slice(0, STRING_MOST / 4)) };
}

function cutValue(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return cutString(value);
  if (typeof value !== 'object' || value === null) return value;
  if (depth === DEPTH_MOST) return Array.isArray(value) ? '[…]' : '{…}';
  if (Array.isArray(value)) {
    const items = value.slice(0, ITEMS_MOST).map((item) => cutValue(item, depth + 1));
    return value.length > ITEMS_MOST ? [...items, `… ${value.length - ITEMS_MOST} more`] : items;
  }
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [
      cutString(name),
      isSecret(name, item) ? SECRET : cutValue(item, depth + 1),
    ]),
  );
}

/** Counts such as `inputTokens` are no secrets, whatever their name says. */
function isSecret(name: string, value: unknown): boolean {
  return SECRET_NAME.test(name) && typeof value === 'string';
}

function cutString(text: string): string {
  const clean = text.replaceAll(KEY_SECRET, SECRET);
  if (clean.length <= STRING_MOST) return clean;
  return `${clean.slice(0, STRING_MOST).toWellFormed()}… ${clean.length - STRING_MOST} more characters`;
}

function size(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(value) ?? '');
}
