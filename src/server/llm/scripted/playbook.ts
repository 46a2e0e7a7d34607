// A playbook: a small program that recognises an instruction, runs commands and decides from what they print. It is written
// as a generator and replayed over the results in the conversation, so that the model keeps no state between requests.
import type { ToolResult } from './conversation.ts';
import type { Step } from './step.ts';

export interface Playbook {
  name: string;
  /** One instruction it recognises, for the answer that lists what the scripted model can do. */
  example: string;
  recognises(instruction: string): boolean;
  /**
   * Yields a command line for bash, is given its result, and returns the final answer.
   * Must decide from the results alone: no clock, no randomness, nothing kept from one replay to the next.
   */
  play(): Generator<string, string, ToolResult>;
}

/** The step that follows the given results. */
export function replay(playbook: Playbook, results: readonly ToolResult[]): Step {
  const run = playbook.play();
  let turn = run.next();
  for (const result of results) {
    if (turn.done) break;
    turn = run.next(result);
  }
  return turn.done ? { kind: 'answer', text: turn.value } : { kind: 'bash', command: turn.value };
}
