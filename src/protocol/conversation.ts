// What was said in the tasks that a task goes on from, as the server reads it out of their events and the guest
// gives it to the agent. Of no model and no provider: whoever answers next can go on with it.

export type ConversationEntry =
  /** An instruction, or a message to a task that ran. */
  | { type: 'user'; text: string }
  /** What the agent said, called and was told, in its order. */
  | { type: 'text'; text: string }
  | { type: 'tool_call'; callId: string; tool: string; input: Record<string, unknown> }
  | { type: 'tool_result'; callId: string; output: string; isError: boolean }
  /** Stands for all before it, but for the last `keeps` entries. Only the latest one is there, at the front. */
  | { type: 'summary'; text: string; keeps: number };

/** How the instruction of a task begins for its agent that goes on from others. */
export const CONTINUED = '[You go on in a new sandbox';

export interface Conversation {
  /** Oldest first. */
  entries: ConversationEntry[];
  /** Something from before the first entry is left out: it is too much, or kept no more. */
  isCut: boolean;
}
