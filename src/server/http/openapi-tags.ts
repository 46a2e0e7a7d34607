// The tags of the OpenAPI description: a noun each, with a sentence on what its commands are about.
import type { Command } from '../../command/define-command.ts';

/** Of Seed's own nouns; the lint of /openapi.json fails where one has no sentence. */
const SENTENCES: Record<string, string> = {
  accounts:
    'Tenants: every key, task and row belongs to one. Only keys of the operator see others than their own.',
  approvals: "Exact calls of tasks and keys that wait for a person's yes or no.",
  audit: 'Who did what to keys, accounts and settings, and when.',
  background: 'Commands that were called with `Prefer: respond-async`, and what came of them.',
  batches: 'One instruction and many inputs: a task for each row, and what came of all of them.',
  commands: 'What the presented key may call.',
  credentials: 'What calls of packs show the platforms that do their work.',
  keys: 'API keys with their scopes, limits and budgets.',
  models: 'The language models that tasks may use, and whether they answer.',
  obs: 'What was used and what it costs: by key, by model, by day.',
  packs: 'The platforms whose commands this Seed offers.',
  sandboxes: 'The isolated machines that tasks run in.',
  schedules: 'Tasks and commands that start by the clock.',
  tasks: 'Instructions handed to an agent in a sandbox, and everything that happened to them.',
  templates: 'Instructions with named blanks, to be run as tasks.',
  webhooks: 'Where events are sent, what was sent, and what came of it.',
  whoami: 'The presented key itself.',
};

export const nounOf = (command: Command) => command.name.split(' ')[0] ?? command.name;

/** In the order in which the commands have them; the list of commands itself has the first. */
export function tagsOf(commands: readonly Command[]): { name: string; description?: string }[] {
  const packs = new Map([
    ['commands', undefined],
    ...commands.map((command): [string, string | undefined] => [nounOf(command), command.platform?.pack]),
  ]);
  return [...packs].map(([name, pack]) => {
    const description = pack === undefined ? SENTENCES[name] : `Commands of the pack ${pack}.`;
    return { name, ...(description !== undefined && { description }) };
  });
}
