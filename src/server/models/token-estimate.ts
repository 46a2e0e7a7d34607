// How many tokens something has, about: what a call is settled by when its upstream does not say.
// One rule for all languages: four bytes of UTF-8 a token, so that a letter of a script that tokenizers know less of counts more.
import type { ChatRequest } from './chat-request.ts';

const BYTES_PER_TOKEN = 4;
/** An image, a sound or a file, whatever its size; smaller ones by their bytes. */
const ATTACHMENT_TOKENS = 1_000;
/** Under these names bytes stand in a message, and nothing that is read as text. */
const ATTACHMENT_KEYS: readonly string[] = [
  'url',
  'image_url',
  'video_url',
  'audio_url',
  'file_url',
  'file_data',
  'data',
];

export function tokensOfBytes(bytes: number): number {
  return Math.ceil(bytes / BYTES_PER_TOKEN);
}

function tokensOfText(text: string): number {
  return tokensOfBytes(Buffer.byteLength(text));
}

/** Of the whole request as it is sent: never more than it has bytes. */
export function tokensOfRequest(request: object): number {
  let attachments = 0;
  const rest = JSON.stringify(request, (key, value) => {
    if (typeof value !== 'string' || !ATTACHMENT_KEYS.includes(key)) return value;
    attachments += Math.min(ATTACHMENT_TOKENS, tokensOfText(value));
    return '';
  });
  return tokensOfText(rest) + attachments;
}

/** The most that the answer may have, by OpenAI's two names for it, times the number of answers; null: not limited. */
export function answerMost(request: ChatRequest): number | null {
  const limit = countOf(request['max_completion_tokens']) ?? countOf(request['max_tokens']);
  return limit === null ? null : limit * (countOf(request['n']) ?? 1);
}

function countOf(value: unknown): number | null {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0 ? value : null;
}
