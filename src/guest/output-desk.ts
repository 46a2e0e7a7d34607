// Where the agent hands in the answer that a task was asked for as a value: by the tool `finish`, or by the
// command `seed finish` where it has bash alone. Each one goes to the server, which judges it; the first that is
// taken ends the run. Made by run-task.ts; asked by finish-tool.ts, proxy.ts and run-agent.ts.
import { SeedError } from '../protocol/errors.ts';
import { LIMITS } from '../protocol/limits.ts';
import type { GivenOutput, OutputForms, OutputVerdict } from '../protocol/output.ts';
import type { Link } from './link.ts';

/** What is handed in: JSON, or why there is none to judge. */
export type HandedIn = Pick<GivenOutput, 'text' | 'problem'>;

export interface Receipt {
  isTaken: boolean;
  /** For the agent. */
  says: string;
}

export interface OutputDesk {
  readonly forms: OutputForms;
  /** One after the other, in the order in which they come. Rejects when the server cannot be asked. */
  give(handedIn: HandedIn): Promise<Receipt>;
  /** As JSON; null: none was taken. */
  taken(): string | null;
  /** Why the last one was not taken; null: there was none, or it was. */
  problem(): string | null;
  /** One was taken, or no more are. */
  isOver(): boolean;
  /** Resolves when what was handed in until now is judged. */
  settled(): Promise<unknown>;
}

/** @param how the agent hands one in, in the words of what it is told */
export function openOutputDesk(link: Pick<Link, 'post'>, forms: OutputForms, how: string): OutputDesk {
  const most = LIMITS.outputAttempts;
  let attempts = 0;
  let taken: string | null = null;
  let problem: string | null = null;
  /** Said once: whoever means it gives it again. */
  let hasDoubted = false;
  let last: Promise<unknown> = Promise.resolve();

  const isOver = () => taken !== null || attempts >= most;

  async function verdictOn(handedIn: HandedIn): Promise<OutputVerdict> {
    const { status, body } = await link.post(
      '/output',
      'application/json',
      JSON.stringify({ attempt: attempts, ...withinBounds(handedIn) }),
    );
    if (status === 200) return JSON.parse(body.toString('utf8')) as OutputVerdict;
    throw new SeedError('unavailable', `the answer could not be judged: ${body.toString('utf8').slice(0, 500)}`);
  }

  async function judge(handedIn: HandedIn): Promise<Receipt> {
    if (taken !== null) return { isTaken: true, says: 'An answer was taken before this one, and it stands.' };
    if (isOver()) return { isTaken: false, says: `No more answers are taken: there were ${most}.` };
    attempts += 1;
    const verdict = await verdictOn(handedIn);
    const isDoubted = verdict.problem === null && verdict.doubt !== null && !hasDoubted && attempts < most;
    if (isDoubted) hasDoubted = true;
    problem = isDoubted ? verdict.doubt : verdict.problem;
    if (problem === null) {
      taken = handedIn.text ?? null;
      return { isTaken: true, says: 'The answer is taken: the task is done. Nothing more is read.' };
    }
    if (isDoubted)
      return {
        isTaken: false,
        says: `Not taken yet: ${problem}. ${how} with what you found; the same again is taken.`,
      };
    const further = isOver() ? 'No more are taken.' : `${how} with the whole answer, mended.`;
    return { isTaken: false, says: `Not taken (${attempts} of ${most}): ${problem}. ${further}` };
  }

  return {
    forms,
    give(handedIn) {
      const receipt = last.then(() => judge(handedIn));
      last = receipt.catch(() => undefined);
      return receipt;
    },
    taken: () => taken,
    problem: () => problem,
    isOver,
    settled: () => last,
  };
}

function withinBounds({ text, problem }: HandedIn): HandedIn {
  if (text !== undefined && Buffer.byteLength(text) > LIMITS.outputBytes)
    return { problem: `it is larger than ${LIMITS.outputBytes} bytes of JSON` };
  return {
    ...(text !== undefined && { text }),
    ...(problem !== undefined && { problem: problem.slice(0, 1_000) }),
  };
}
