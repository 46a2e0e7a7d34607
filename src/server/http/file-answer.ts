// The answer of a command that gives a file: its bytes, which no browser may take for a page of this server's.
import { Readable } from 'node:stream';
import type { Context } from 'hono';
import type { SentFile } from '../../command/define-command.ts';

export function fileAnswer(c: Context, { name, size, type, sha256, content }: SentFile): Response {
  c.header('Content-Type', type);
  c.header('Content-Length', String(size));
  c.header('Content-Disposition', disposition(name));
  c.header('Content-Security-Policy', "sandbox; default-src 'none'");
  c.header('X-Content-Type-Options', 'nosniff');
  c.header('Cache-Control', 'private, no-store');
  // RFC 9530
  c.header('Repr-Digest', `sha-256=:${Buffer.from(sha256, 'hex').toString('base64')}:`);
  return c.body(Readable.toWeb(content) as ReadableStream);
}

/** RFC 6266: the last part of the name, once as plain ASCII and once as it is. */
function disposition(name: string): string {
  const last = name.split('/').at(-1) ?? name;
  const plain = last.replace(/[^\x20-\x7e]|["\\%]/g, '_');
  const encoded = encodeURIComponent(last).replace(
    /['()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16)}`,
  );
  return `attachment; filename="${plain}"; filename*=UTF-8''${encoded}`;
}
