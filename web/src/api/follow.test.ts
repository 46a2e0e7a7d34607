// A stream that breaks is taken up where it broke: nothing missed, nothing twice, and the state of the connection
// is told.
import { expect, it } from 'vitest';
import { follow } from './follow.ts';
import { AnswerError } from './request.ts';
import type { Seed } from './seed.ts';

const item = (seq: number) => `id: ${seq}\ndata: {"seq":${seq}}\n\n`;
const END = 'event: end\ndata: {}\n\n';
const ID = { id: '8c4de0d5-1111-4222-8333-444455556666' };

/** Answers each opening with the next of the pieces; remembers from where each was asked. */
function server(...answers: (string[] | AnswerError)[]) {
  const asked: (string | null)[] = [];
  const open: Seed['open'] = async (_name, _input, init) => {
    asked.push(new Headers(init?.headers).get('last-event-id'));
    const answer = answers[asked.length - 1] ?? [];
    if (answer instanceof Error) throw answer;
    return new Response(
      new ReadableStream({
        start(controller) {
          for (const piece of answer) controller.enqueue(new TextEncoder().encode(piece));
          controller.close();
        },
      }),
    );
  };
  return { asked, open };
}

async function read(answers: (string[] | AnswerError)[]) {
  const { asked, open } = server(...answers);
  const seen: unknown[] = [];
  const lines: string[] = [];
  await follow({ open }, 'tasks events', ID, {
    signal: new AbortController().signal,
    onItems: (items) => seen.push(...items.map((one) => (one as { seq: number }).seq)),
    onState: (line) => lines.push(line),
  });
  return { asked, seen, lines };
}

it('reads to the end, also when a piece ends within an item', async () => {
  const text = item(1) + item(2) + END;
  const pieces = [text.slice(0, 20), text.slice(20, 35), text.slice(35)];
  expect(await read([pieces])).toEqual({ asked: [null], seen: [1, 2], lines: ['live'] });
});

it('goes on after the last item when the connection breaks, and over what cannot be reached for a while', async () => {
  const gone = new AnswerError('unreachable', 'gone');
  const outcome = await read([[item(1), item(2), 'id: 3\nda'], gone, [': keep-alive\n\n', item(3) + END]]);
  expect(outcome).toEqual({
    asked: [null, '2', '2'],
    seen: [1, 2, 3],
    lines: ['live', 'lost', 'lost', 'live'],
  });
});

it('passes on what the server refuses', async () => {
  const refused = new AnswerError('not_found', 'there is no such task');
  await expect(read([refused])).rejects.toBe(refused);
});
