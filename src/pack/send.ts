// One request to the platform of an imported pack and its whole answer, bounded in time and size. A redirect is
// followed for a read, and only on the platform's own host: the credential goes nowhere else.
import type { Dispatcher } from 'undici';
import { readWithin } from '../lib/read-stream.ts';
import { SeedError, type SeedErrorOptions } from '../protocol/errors.ts';
import { LIMITS } from '../protocol/limits.ts';
import { Unreadable, unpacked } from './decode-answer.ts';
import { type Platform, secretsOf } from './platform.ts';
import type { PlatformRequest } from './platform-request.ts';

export interface PlatformResponse {
  status: number;
  type: string;
  /** Unpacked, and without the server's secret, should the platform repeat it. */
  bytes: Buffer;
  /** What the platform calls the file that it answers; null: it does not say. */
  fileName: string | null;
  link: string | null;
  retryAfter: string | null;
  /** When it was sent, as it says. */
  date: string | null;
  /** Where a redirect leads that was not followed. */
  location: string | null;
  /** It was sent before, and broken off: what this answer refuses may have been done then. */
  isSecond: boolean;
}

type Answer = Dispatcher.ResponseData;

const REDIRECTS_MOST = 3;
/** Before anything was sent. */
const NOT_SENT = ['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'UND_ERR_CONNECT_TIMEOUT'];

export interface Sending {
  effect: string;
  /** Aborted when the caller goes away. */
  given: AbortSignal;
  /** The platform does nothing twice for this request: when it breaks the connection off, it is sent once more. */
  mayRepeat: boolean;
  timeoutMs?: number;
  /** Bytes of the answer, unless it is the limit of all. */
  maxBytes?: number;
}

/** @throws SeedError platform_unavailable: no answer, or one that is too large */
export async function sendToPlatform(
  platform: Platform,
  request: PlatformRequest,
  {
    effect,
    given,
    mayRepeat,
    timeoutMs = LIMITS.platformTimeoutMs,
    maxBytes = LIMITS.platformAnswerBytes,
  }: Sending,
): Promise<PlatformResponse> {
  const late = AbortSignal.timeout(timeoutMs);
  // What changes something is waited for though the caller has gone: a repeated request is given its answer.
  const signal = effect === 'read' ? AbortSignal.any([given, late]) : late;
  let isSecond = false;
  try {
    const { answer, location, bytes } = await exchange(request, signal, maxBytes).catch((error) => {
      if (!mayRepeat || signal.aborted) throw error;
      isSecond = !wasNotSent(error);
      return exchange(request, signal, maxBytes);
    });
    const header = (name: string) => [answer.headers[name]].flat()[0] ?? null;
    const plain = bytes && (await unpacked(bytes, header('content-encoding') ?? '', maxBytes));
    if (plain === null) {
      const hint = effect === 'read' ? 'Ask for less at a time.' : hintAfter(effect);
      throw unavailable(platform, `answers with more than ${maxBytes} bytes`, { hint });
    }
    return {
      status: answer.statusCode,
      type: header('content-type') ?? '',
      bytes: withoutSecrets(plain, platform),
      fileName: fileNameIn(header('content-disposition') ?? ''),
      link: header('link'),
      retryAfter: header('retry-after'),
      date: header('date'),
      location,
      isSecond,
    };
  } catch (error) {
    if (error instanceof SeedError) throw error;
    if (error instanceof Unreadable) throw unavailable(platform, error.message, { hint: hintAfter(effect) });
    if (wasNotSent(error) && !isSecond) {
      const hint = 'Nothing was done; it may work later.';
      throw unavailable(platform, 'cannot be reached', { hint, nothingDone: true, cause: error });
    }
    const how = signal.aborted ? 'did not answer in time' : 'broke the connection off';
    throw unavailable(platform, how, { hint: hintAfter(effect), cause: error });
  }
}

async function exchange(request: PlatformRequest, signal: AbortSignal, maxBytes: number) {
  const { answer, location } = await follow(request, signal);
  return { answer, location, bytes: await readWithin(answer.body, maxBytes) };
}

/** Byte by byte, so that no other byte of a file is changed. */
function withoutSecrets(bytes: Buffer, platform: Platform): Buffer {
  const found = secretsOf(platform).filter((secret) => bytes.includes(secret));
  if (found.length === 0) return bytes;
  const text = found.reduce((rest, secret) => rest.replaceAll(secret, '[removed]'), bytes.toString('latin1'));
  return Buffer.from(text, 'latin1');
}

/** RFC 6266, the last part of what may be a path. */
function fileNameIn(disposition: string): string | null {
  const encoded = /filename\*\s*=\s*utf-8'[^']*'([^;\s]+)/i.exec(disposition)?.[1];
  const plain = /filename\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^;\s]+))/i.exec(disposition);
  const name = (encoded && decodedName(encoded)) ?? plain?.[1]?.replace(/\\(.)/g, '$1') ?? plain?.[2];
  return name?.split(/[\\/]/).at(-1) || null;
}

function decodedName(encoded: string): string | undefined {
  try {
    return decodeURIComponent(encoded);
  } catch {
    return undefined;
  }
}

async function follow(
  { method, url, headers, body }: PlatformRequest,
  signal: AbortSignal,
): Promise<{ answer: Answer; location: string | null }> {
  const { request: send } = await import('../lib/http-client.ts');
  const mayFollow = method === 'GET' || method === 'HEAD';
  for (let next = url, step = 0; ; step += 1) {
    const answer = await send(next, { method, headers, body, signal });
    const { location } = answer.headers;
    if (answer.statusCode < 300 || answer.statusCode >= 400 || typeof location !== 'string')
      return { answer, location: null };
    const target = URL.parse(location, next.href);
    if (!mayFollow || target?.origin !== url.origin || step === REDIRECTS_MOST) return { answer, location };
    await answer.body.dump();
    next = target;
  }
}

function wasNotSent(error: unknown): boolean {
  return NOT_SENT.includes((error as { code?: string }).code ?? '');
}

export function unavailable({ title }: Platform, how: string, options: SeedErrorOptions = {}): SeedError {
  return new SeedError('platform_unavailable', `${title} ${how}`, options);
}

/** What follows from an answer that did not come, or is none. */
export function hintAfter(effect: string): string {
  if (effect === 'read') return 'Nothing was changed; it may work later.';
  return 'It may have been done all the same: look before you try again.';
}
