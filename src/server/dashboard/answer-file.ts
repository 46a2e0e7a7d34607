// Answers with a file that is in memory, in the smallest form that the client takes, or says that it has it
// already.
import type { Context } from 'hono';
import { ENCODINGS, type Encoding, type WebFile } from './web-files.ts';

interface HowAnswered {
  /** Of its Content-Security-Policy. */
  policy: string;
  isLasting: boolean;
}

/** @param how.isLasting its name changes with its content */
export function answerFile(c: Context, file: WebFile, { policy, isLasting }: HowAnswered): Response {
  const encoding = acceptedEncoding(c.req.header('accept-encoding'), Object.keys(file.encoded) as Encoding[]);
  const etag = `"${file.hash}${encoding === null ? '' : `-${encoding}`}"`;
  c.header('Content-Security-Policy', policy);
  c.header('Cache-Control', isLasting ? 'public, max-age=31536000, immutable' : 'no-cache');
  c.header('ETag', etag);
  c.header('Vary', 'Accept-Encoding');
  if (matches(c.req.header('if-none-match'), etag)) return c.body(null, 304);
  if (encoding !== null) c.header('Content-Encoding', encoding);
  const body = (encoding !== null && file.encoded[encoding]) || file.content;
  c.header('Content-Type', file.type);
  c.header('Content-Length', String(body.length));
  return c.body(body);
}

/** Whether the client has it, by its If-None-Match header (RFC 9110, section 13.1.2). */
function matches(ifNoneMatch: string | undefined, etag: string): boolean {
  const tags = ifNoneMatch?.split(',').map((tag) => tag.trim().replace(/^W\//, '')) ?? [];
  return tags.includes(etag) || tags.includes('*');
}

/** The smallest that the client takes; null: as it is. */
function acceptedEncoding(header: string | undefined, offered: readonly Encoding[]): Encoding | null {
  const weights = weightsIn(header);
  const takes = (encoding: Encoding) => (weights.get(encoding) ?? weights.get('*') ?? 0) > 0;
  return ENCODINGS.find((encoding) => offered.includes(encoding) && takes(encoding)) ?? null;
}

/** What a client takes, by its Accept or Accept-Encoding header (RFC 9110, section 12.5). */
export function weightsIn(header = ''): Map<string, number> {
  return new Map(
    header.split(',').map((part) => {
      const [name = '', ...parameters] = part.split(';').map((text) => text.trim().toLowerCase());
      const weight = parameters.find((parameter) => parameter.startsWith('q='))?.slice(2);
      return [name, weight === undefined ? 1 : Number(weight)];
    }),
  );
}
