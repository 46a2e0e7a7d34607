// What a playbook is: a generator that stands in for a language model in conversations about one instruction.
// Packs get these types as `seed/pack`.

/** What one bash call gave. */
export interface ToolResult {
  /** Standard output and error, as the agent reported them. */
  output: string;
  /** Null when the agent did not say; it says so only for failures. */
  exitCode: number | null;
  failed: boolean;
}

/** What `scripted` does next: a command to run, or the final answer. */
export type Step = { kind: 'bash'; command: string } | { kind: 'answer'; text: string };

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
export function replay(playbook: Playbook, instruction: string, results: readonly ToolResult[]): Step {
  const run = playbook.play(instruction);
  let turn = run.next();
  for (const result of results) {
    if (turn.done) break;
    turn = run.next(result);
  }
  return turn.done ? { kind: 'answer', text: turn.value } : { kind: 'bash', command: turn.value };
}
