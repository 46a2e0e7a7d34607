// An upstream that sends without end: the gateway, in a process of its own, ends it with an error and holds next
// to nothing.
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  type Behaviour,
  chunk,
  completion,
  type LlmUpstream,
  startLlmUpstream,
} from '../fixtures/llm-upstream.ts';

const GIB = 1024 ** 3;
const MIB = 1024 ** 2;
const AT_ONCE = 4;
/** Of all calls together: an answer that is no stream is held whole, up to 16 MiB, as bytes and as text. */
const GROWTH_BYTES = 300 * MIB;

let upstream: LlmUpstream;
let gateway: ChildProcess;
let url: string;
/** What the upstream has sent in the present test. */
let sentBytes: number;

beforeAll(async () => {
  upstream = await startLlmUpstream();
  gateway = fork(new URL('../fixtures/gateway-process.ts', import.meta.url), [upstream.baseUrl], {
    execArgv: [],
  });
  [{ url }] = (await once(gateway, 'message')) as [{ url: string }];
});
afterAll(async () => {
  const exited = once(gateway, 'exit');
  gateway.kill();
  await exited;
  await upstream.close();
});

/** Sends the piece again and again until it has sent 1 GiB or nobody listens. */
function flood(
  headers: Record<string, string>,
  first: Buffer,
  piece: Buffer,
  unpackedBytes = piece.length,
  status = 200,
): Behaviour {
  return async (response: ServerResponse) => {
    const closed = once(response, 'close');
    response.writeHead(status, headers).write(first);
    for (let unpacked = 0; unpacked < GIB && !response.destroyed; unpacked += unpackedBytes) {
      sentBytes += piece.length;
      if (response.write(piece)) continue;
      await new Promise((goOn) => {
        response.once('drain', goOn);
        void closed.then(goOn);
      });
    }
    response.end();
  };
}

const xs = Buffer.alloc(64 * 1024, 'x');
/** A gzip file may have several members: each of these unpacks to 16 MiB. */
const bomb = gzipSync(Buffer.alloc(16 * MIB, 'x'));
const events = { 'content-type': 'text/event-stream' };
const json = { 'content-type': 'application/json' };

async function ask(stream: boolean): Promise<string> {
  const response = await fetch(`${url}/chat/completions`, {
    method: 'POST',
    headers: json,
    body: JSON.stringify({ model: 'm', messages: [{ role: 'user', content: 'x' }], stream }),
  });
  return response.text();
}

/** Of the process's life so far. */
async function peakBytes(): Promise<number> {
  const status = await readFile(`/proc/${gateway.pid}/status`, 'utf8');
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024;
}

it.each<[string, boolean, Behaviour, RegExp]>([
  [
    'one line of 1 GiB in a stream',
    true,
    flood(events, Buffer.from(`${chunk('a')}data: `), xs),
    /a line of more than 1048576 bytes/,
  ],
  [
    '1 GiB as one answer',
    false,
    flood(json, Buffer.from('{"choices":["'), xs),
    /answer of more than 16777216 bytes/,
  ],
  ['an error of 1 GiB', false, flood(json, Buffer.from('x'), xs, xs.length, 500), /answered 500/],
  ['1 GiB instead of a stream', true, flood(json, Buffer.from('"'), xs), /answer of more than 16777216 bytes/],
  [
    'a packed line of 1 GiB in a stream',
    true,
    flood({ ...events, 'content-encoding': 'gzip' }, gzipSync(`${chunk('a')}data: `), bomb, 16 * MIB),
    /a line of more than 1048576 bytes/,
  ],
  [
    'a packed answer of 1 GiB',
    false,
    flood({ ...json, 'content-encoding': 'gzip' }, gzipSync('"'), bomb, 16 * MIB),
    /answer of more than 16777216 bytes/,
  ],
])('%s', async (_, stream, behaviour, message) => {
  upstream.behave(completion('warm'));
  await ask(false);
  const before = await peakBytes();
  sentBytes = 0;
  upstream.behave(behaviour);
  const answers = await Promise.all(Array.from({ length: AT_ONCE }, () => ask(stream)));
  for (const text of answers) {
    expect(text.length).toBeLessThan(MIB);
    expect(text).toMatch(/llm_unavailable/);
    expect(text).toMatch(message);
  }
  expect((await peakBytes()) - before).toBeLessThan(GROWTH_BYTES);
  // It hung up long before the end.
  expect(sentBytes).toBeLessThan((AT_ONCE * GIB) / 4);
});
