// The guest's end of its only connection: HTTP/2 as the client over the sandbox's byte stream.
import { type ClientHttp2Session, connect, constants } from 'node:http2';
import type { Duplex } from 'node:stream';
import { LIMITS } from '../protocol/limits.ts';

export interface LinkAnswer {
  status: number;
  body: Buffer;
}

export interface Link {
  readonly session: ClientHttp2Session;
  get(path: string): Promise<LinkAnswer>;
  post(path: string, contentType: string, body: string): Promise<LinkAnswer>;
  close(): Promise<void>;
}

/** @param stream positioned after the start line */
export function openLink(stream: Duplex): Link {
  const session = connect('http://guest', {
    createConnection: () => stream,
    settings: { enablePush: false },
    maxHeaderListPairs: 64,
  });
  return {
    session,
    get: (path) => exchange(session, { ':method': 'GET', ':path': path }),
    post: (path, contentType, body) =>
      exchange(session, { ':method': 'POST', ':path': path, 'content-type': contentType }, body),
    close: () => new Promise((resolve) => session.close(resolve)),
  };
}

/** One request with a small answer. Rejects when the stream breaks or the answer is over the limit. */
function exchange(
  session: ClientHttp2Session,
  headers: Record<string, string>,
  body?: string,
): Promise<LinkAnswer> {
  return new Promise((resolve, reject) => {
    const request = session.request(headers, { endStream: body === undefined });
    const chunks: Buffer[] = [];
    let size = 0;
    let status = 0;
    request.on('response', (answer) => {
      status = Number(answer[constants.HTTP2_HEADER_STATUS]);
    });
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size <= LIMITS.guest.answerBytes) chunks.push(chunk);
      else
        request.destroy(
          new Error(`the answer to ${headers[':path']} is larger than ${LIMITS.guest.answerBytes} bytes`),
        );
    });
    request.once('end', () => resolve({ status, body: Buffer.concat(chunks) }));
    request.once('error', reject);
    request.once('close', () =>
      reject(new Error(`the stream closed before ${headers[':path']} was answered`)),
    );
    if (body !== undefined) request.end(body);
  });
}
