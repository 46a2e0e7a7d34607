// Asks a guest over its stream whether it waits for a task or has one (protocol/guest.ts). Used for sandboxes that
// are to wait, and whenever the stream of one is opened again.
import type { Duplex } from 'node:stream';
import { patient } from '../drivers/patience.ts';
import { SeedError } from '../protocol/errors.ts';
import { READY_LINE, READY_QUESTION, WORKING_LINE } from '../protocol/guest-wire.ts';

const ANSWER_WITHIN_MS = 20_000;
const ANSWERS = { [READY_LINE]: 'ready', [WORKING_LINE]: 'working' } as const;
const LONGEST = Math.max(...Object.keys(ANSWERS).map(({ length }) => length));

export type Greeting = (typeof ANSWERS)[keyof typeof ANSWERS];

/**
 * Leaves the stream as it was found: paused, with nothing read but the answer. @throws SeedError sandbox_failed
 * when there is no such answer in time
 */
export async function greet(stream: Duplex): Promise<Greeting> {
  const withinMs = patient(ANSWER_WITHIN_MS);
  const late = AbortSignal.timeout(withinMs);
  stream.write(READY_QUESTION);
  return new Promise((resolve, reject) => {
    let answer = '';
    const off = () => {
      stream.off('readable', look).off('end', lost).off('close', lost);
      late.removeEventListener('abort', tooLate);
    };
    const fail = (problem: string) => {
      off();
      reject(new SeedError('sandbox_failed', problem));
    };
    const lost = () => fail('the stream of the sandbox ended');
    const tooLate = () => fail(`no answer within ${withinMs / 1000} s`);
    const look = () => {
      // Byte by byte: what follows the line is not ours.
      for (let byte = stream.read(1) as Buffer | null; byte !== null; byte = stream.read(1) as Buffer | null) {
        answer += byte.toString('latin1');
        const known = ANSWERS[answer as keyof typeof ANSWERS];
        if (known !== undefined) {
          off();
          return resolve(known);
        }
        if (answer.length >= LONGEST) return fail('the sandbox answered something else than "ready"');
      }
    };
    stream.on('readable', look).once('end', lost).once('close', lost);
    late.addEventListener('abort', tooLate, { once: true });
    if (stream.destroyed) lost();
    else look();
  });
}
