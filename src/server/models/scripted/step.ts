// The next step of the scripted model: a command to run, or the final answer.
export type Step = { kind: 'bash'; command: string } | { kind: 'answer'; text: string };
