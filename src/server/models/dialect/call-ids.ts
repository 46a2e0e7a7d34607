// The ids of calls in the standard stream: unique within the conversation, and such that upstreams take them back:
// OpenAI at most 40 characters. Mistral, which wants nine letters and digits, gets its own. Called by
// tool-calls.ts and, for Mistral, ../returned-calls.ts.
import { createHash, randomBytes } from 'node:crypto';
import { isRecord } from '../../../lib/json.ts';
import { RECOVERED_ID_START } from '../../../protocol/event.ts';

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
const ID_LENGTH = 9;
/** An upstream's own id that is plain stays. */
const FITS = /^[A-Za-z0-9_-]{1,40}$/;
const NINE = /^[A-Za-z0-9]{9}$/;
/** Kimi numbers its calls through the conversation, and is lost when it finds them called otherwise. */
const NUMBERED = /^functions\.(.+):(\d{1,4})$/;
const NUMBERED_START = 'fn';

/** Of the details of reasoning that carry what comes back with a call (../returned-calls.ts). */
export const CALL_DETAIL_FORMAT = 'seed.call';

/** What an agent keeps and sends back with the answer, although it knows nothing of it. */
export function callDetail(id: string, extra: Record<string, unknown>, model: string): object {
  return { type: 'reasoning.encrypted', id, format: CALL_DETAIL_FORMAT, data: JSON.stringify({ model, extra }) };
}

export interface CallIds {
  /** The id for a call. @param own the upstream's @param name of the tool that is called */
  idFor(own: string | null, name: string): string;
  /** For a call that was written as text; whoever sees it knows. */
  recoveredId(): string;
}

/** @param messages the conversation so far, whose ids are taken */
export function createCallIds(messages: readonly object[]): CallIds {
  let taken: Set<string> | null = null;
  const take = (start: string): string => {
    taken ??= idsIn(messages);
    for (;;) {
      const id = start + randomText(ID_LENGTH - start.length);
      if (taken.has(id) || (start === '' && isReserved(id))) continue;
      taken.add(id);
      return id;
    }
  };
  return {
    idFor(own, name) {
      taken ??= idsIn(messages);
      const [, called, number] = (own !== null && NUMBERED.exec(own)) || [];
      if (called === name && number !== undefined) return take(`${NUMBERED_START}${number.padStart(4, '0')}`);
      if (own === null || !FITS.test(own) || isReserved(own) || taken.has(own)) return take('');
      taken.add(own);
      return own;
    },
    recoveredId: () => take(RECOVERED_ID_START),
  };
}

/** What the upstream called a call of this id, where that can be told from it; else null. */
export function numberedId(id: string, name: string): string | null {
  const number = /^fn(\d{4})[A-Za-z0-9]{3}$/.exec(id)?.[1];
  return number === undefined ? null : `functions.${name}:${Number(number)}`;
}

/** The id in Mistral's form: itself where it has it, else nine letters and digits, always the same for it. */
export function nineOf(id: string): string {
  if (NINE.test(id)) return id;
  return createHash('sha256')
    .update(id)
    .digest('base64')
    .replace(/[^A-Za-z0-9]/g, '')
    .slice(0, ID_LENGTH);
}

function isReserved(id: string): boolean {
  return id.startsWith(RECOVERED_ID_START) || /^fn\d{4}/.test(id);
}

function randomText(length: number): string {
  // 248 is the largest multiple of 62 in a byte: each character is as likely as the others.
  let text = '';
  while (text.length < length) {
    for (const byte of randomBytes(2 * length)) {
      if (byte < 248 && text.length < length) text += ALPHABET[byte % 62];
    }
  }
  return text;
}

function idsIn(messages: readonly object[]): Set<string> {
  const ids = new Set<string>();
  for (const message of messages as readonly Record<string, unknown>[]) {
    if (typeof message['tool_call_id'] === 'string') ids.add(message['tool_call_id']);
    const calls = Array.isArray(message['tool_calls']) ? message['tool_calls'] : [];
    for (const call of calls) if (isRecord(call) && typeof call['id'] === 'string') ids.add(call['id']);
  }
  return ids;
}
