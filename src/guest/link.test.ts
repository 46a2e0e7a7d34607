import { expect, test } from 'vitest';
import { newPatience, untilAnswered } from './link.ts';

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
