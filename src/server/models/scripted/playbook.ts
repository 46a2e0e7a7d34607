// A playbook: a small program that recognises an instruction, runs commands and decides from what they print. It is written
// as a generator and replayed over the results in the conversation, so that the model keeps no state between requests.
import type { Conversation, ToolResult } from './conversation.ts';
import type { Step } from './step.ts';

/** Yields a command line for bash and is given its result. */
export type Steps<Result> = Generator<string, Result, ToolResult>;

export interface Playbook {
  name: string;
  /** One instruction it recognises, for the answer that lists what the scripted model can do. */
  example: string;
  recognises(instruction: string): boolean;
  /**
   * Yields a command line for bash, is given its result, and returns the final answer.
   * Must decide from the results alone: no clock, no randomness, nothing kept from one replay to the next.
   */
  play(instruction: string): Steps<string>;
}

/** The step that follows the given results. */
export function replay(playbook: Playbook, { instruction, results }: Conversation): Step {
  const run = playbook.play(instruction);
  let turn = run.next();
  for (const result of results) {
    if (turn.done) break;
    turn = run.next(result);
  }
  return turn.done ? { kind: 'answer', text: turn.value } : { kind: 'bash', command: turn.value };
}
