import { type IncomingHttpHeaders, performServerHandshake, type ServerHttp2Stream } from 'node:http2';
import { Duplex, duplexPair, Readable, Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { describe, expect, test } from 'vitest';
import { type LinkAnswer, newPatience, openLink, untilAnswered } from './link.ts';
import { createLlmWatch } from './llm-watch.ts';
import { MODEL_BASE_URL, modelFetch } from './model-fetch.ts';

const answer = (status: number) => ({ status, body: Buffer.alloc(0) });

/** Answers with these, one after the other; the last one stays. */
function answering(...answers: (number | Error)[]) {
  const sent = { times: 0 };
  const send = async () => {
    const next = answers[Math.min(sent.times, answers.length - 1)];
    sent.times += 1;
    if (next instanceof Error) throw next;
    return answer(next ?? 0);
  };
  return { sent, send };
}

const brokenOff = Object.assign(new Error('reset'), { code: 'ERR_HTTP2_STREAM_ERROR' });

test.each([[429], [503], [500], [brokenOff]])('after %s it is sent again', async (first) => {
  const { send, sent } = answering(first, 204);
  expect(await untilAnswered(send, newPatience())).toEqual(answer(204));
  expect(sent.times).toBe(2);
});

test('what is refused is final', async () => {
  const { send, sent } = answering(413, 204);
  expect(await untilAnswered(send, newPatience())).toEqual(answer(413));
  expect(sent.times).toBe(1);
});

test('a link that breaks is not waited for', async () => {
  const { send } = answering(new Error('the session was destroyed'));
  await expect(untilAnswered(send, newPatience())).rejects.toThrow('destroyed');
});

test('those that share a patience wait together for as long as one, until something is answered', async () => {
  const patience = newPatience(50);
  const away = answering(503);
  expect(await untilAnswered(away.send, patience)).toEqual(answer(503));
  expect(away.sent.times).toBe(2);
  await untilAnswered(away.send, patience);
  expect(away.sent.times).toBe(3);
  await untilAnswered(answering(204).send, patience);
  await untilAnswered(away.send, patience);
  expect(away.sent.times).toBe(5);
});

describe('a stream that is cut', () => {
  test.each(['guest', 'runner'] as const)(
    'at any byte from the %s costs nothing but time: every answer is whole, every batch is there once',
    { timeout: 60_000 },
    async (from) => {
      const { bytes } = await converse({ from, at: Infinity });
      expect(bytes).toBeGreaterThan(1_000);
      // All of the handshake, and so on through what is long.
      for (let at = 1; at <= bytes; at += at < 50 ? 1 : 613) {
        const { answers, seen, sessions } = await converse({ from, at });
        expect(answers, `cut after ${at} bytes`).toEqual(await WHOLE);
        expect(new Set(seen), `cut after ${at} bytes`).toEqual(new Set(['1 first', '2 second', '3 third']));
        expect(sessions).toBeLessThanOrEqual(2);
      }
    },
  );

  test('and never opened again ends all that was asked', async () => {
    const [guestEnd, runnerEnd] = duplexPair();
    const link = openLink(guestEnd);
    const send = () => link.upload('/artifacts/a', 3, Readable.from(['abc']));
    const asked = [link.get('/task'), untilAnswered(send, newPatience())];
    runnerEnd.destroy();
    guestEnd.destroy();
    for (const one of await Promise.allSettled(asked))
      expect(one).toMatchObject({ reason: { message: expect.stringContaining('ended') } });
    expect(link.isOver()).toBe(true);
    await expect(link.get('/task')).rejects.toThrow('ended');
  });

  test('while a request waits for another one is aborted by its signal', async () => {
    const [guestEnd] = duplexPair();
    const link = openLink(guestEnd, () => new Promise(() => undefined));
    guestEnd.destroy();
    const stop = new AbortController();
    const closed = Promise.withResolvers<never>();
    const asked = link.repeat((session) => {
      session.once('close', () => closed.reject(new Error('closed')));
      return closed.promise;
    }, stop.signal);
    await expect(closed.promise).rejects.toThrow('closed');
    stop.abort(new Error('enough'));
    await expect(asked).rejects.toThrow('enough');
  });
});

const FILE = 'f'.repeat(40_000);
const WHOLE = converse({ from: 'guest', at: Infinity }).then(({ answers }) => answers);

interface Cut {
  /** Whose bytes are counted. */
  from: 'guest' | 'runner';
  at: number;
}

/** One of everything that a guest asks, over streams of which the first is cut. */
async function converse({ from, at }: Cut) {
  const seen: string[] = [];
  let sessions = 0;
  let bytes = 0;
  const open = () => {
    const [guestEnd, runnerEnd] = duplexPair();
    const [counted, other] = from === 'guest' ? [runnerEnd, guestEnd] : [guestEnd, runnerEnd];
    const left = sessions === 0 ? at : Infinity;
    sessions += 1;
    const passing = cutAfter({ inner: counted, other, bytes: left }, (length) => {
      bytes += length;
    });
    const [toGuest, toRunner] = from === 'guest' ? [other, passing] : [passing, other];
    const session = performServerHandshake(toRunner);
    session.on('error', () => undefined);
    session.on('stream', (stream: ServerHttp2Stream, headers) => void answerOne(stream, headers, seen));
    return toGuest;
  };
  const link = openLink(open(), async () => open());
  const answers: unknown[] = [];
  const keep = ({ status, body }: LinkAnswer) =>
    answers.push(`${status} ${body.length} ${body.toString('latin1', 0, 9)}`);
  keep(await link.get('/task'));
  keep(await link.postEvents(1, 'first'));
  const file = () => {
    const chunks: Buffer[] = [];
    const into = new Writable({
      write(chunk, _encoding, done) {
        chunks.push(chunk);
        done();
      },
    });
    return { into, size: () => Buffer.concat(chunks).length };
  };
  let last = file();
  keep(
    await untilAnswered(() => {
      last = file();
      return link.download('/files/0', last.into);
    }, newPatience()),
  );
  answers.push(last.size());
  keep(await link.postEvents(2, 'second'));
  const content = () => Readable.from([Buffer.alloc(30_000), Buffer.alloc(1_000)]);
  keep(await untilAnswered(() => link.upload('/artifacts/a', 31_000, content()), newPatience()));
  const fetched = modelFetch(link, createLlmWatch(), () => undefined);
  for (let attempt = 0; ; attempt += 1) {
    const body = { method: 'POST', body: 'q'.repeat(500) };
    // As Pi does with these words.
    const text = await fetched(`${MODEL_BASE_URL}/chat/completions`, body)
      .then((response) => response.text())
      .catch((error: Error) => error);
    if (typeof text === 'string') {
      answers.push(text.length);
      break;
    }
    expect(text.message).toMatch(/^connection lost/);
    expect(attempt).toBe(0);
  }
  keep(await link.postEvents(3, 'third'));
  keep(await link.delete('/artifacts/a'));
  keep(await link.post('/result', 'application/json', '{}'));
  await link.close();
  return { answers, seen, sessions, bytes };
}

async function answerOne(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, seen: string[]): Promise<void> {
  stream.on('error', () => undefined);
  const body = await text(stream).catch(() => null);
  if (stream.destroyed || stream.rstCode !== 0 || body === null) return;
  const path = headers[':path'] ?? '';
  if (path === '/events') seen.push(`${headers['seed-batch']} ${body}`);
  if (path.startsWith('/artifacts/') && headers[':method'] === 'PUT' && body.length !== 31_000) return;
  const answered = path.startsWith('/files/') ? FILE : path.startsWith('/llm/') ? 'a'.repeat(3_000) : path;
  stream.respond({ ':status': 200 });
  stream.end(answered);
}

/** The same stream, broken at both ends after so many bytes have come over it. */
function cutAfter(
  { inner, other, bytes }: { inner: Duplex; other: Duplex; bytes: number },
  count: (length: number) => void,
): Duplex {
  let left = bytes;
  const outer = new Duplex({
    read: () => void inner.resume(),
    write: (chunk: Buffer, encoding, done) => void inner.write(chunk, encoding, done),
    final: (done) => void inner.end(done),
    destroy(error, done) {
      inner.destroy();
      other.destroy();
      done(error);
    },
  });
  inner.on('data', (chunk: Buffer) => {
    const passed = chunk.subarray(0, left);
    left -= passed.length;
    count(passed.length);
    if (passed.length > 0 && !outer.push(passed)) inner.pause();
    if (left === 0) setImmediate(() => outer.destroy());
  });
  inner.once('end', () => outer.push(null));
  other.once('close', () => outer.destroy());
  return outer;
}
