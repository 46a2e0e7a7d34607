// `keys check`: what would become of a call, by the scopes, limits and settings of a key, without making it.
import { z } from 'zod';
import { defineCommand } from '../../command/define-command.ts';
import type { Registry } from '../../command/registry.ts';
import { SeedError } from '../../protocol/errors.ts';
import { allows } from '../../protocol/scope.ts';
import { judgeCall } from '../grants/admissions.ts';
import { wouldCount } from '../grants/counts.ts';
import { invalidInput } from '../http/invalid-input.ts';
import { getKey } from './keys.ts';
import { actorOf } from './presented-key.ts';

export interface CheckNeeds {
  commands(): Registry['commands'];
}

export const checkKey = defineCommand({
  name: 'keys check',
  summary: 'Tell whether a key may make a call, or a person would be asked first, without making it',
  http: 'GET /keys/{id}/check/{command}',
  scope: 'keys:read',
  effect: 'read',
  input: z.object({
    id: z.uuid().describe('Id of the key'),
    command: z
      .string()
      .min(1)
      .max(200)
      .meta({ examples: ['keys revoke'], 'x-words': true })
      .describe('Name of the command, with spaces, or with _ as MCP has it'),
    input: z
      .record(z.string(), z.unknown())
      .default({})
      .describe('What the command would be called with, as JSON'),
  }),
  output: z.object({
    verdict: z.enum(['allowed', 'asked', 'denied']),
    reason: z.string().nullable().describe('The limit or setting that asks or denies; null: nothing does'),
  }),
  examples: [
    `seed keys check 5b1c2f0e-8f0a-4b51-9d0b-2f6f3c1a7e55 keys get --input '{"id": "5b1c2f0e-8f0a-4b51-9d0b-2f6f3c1a7e55"}'`,
  ],
  run: async ({ id, command: name, input }, { actor, store }, { commands }: CheckNeeds) => {
    const { db, clock, time } = store;
    const whole = await actorOf(db, { accountId: actor.accountId, keyId: id }, clock.now());
    if (!whole || !(await getKey(db, actor.accountId, id, clock.now())))
      throw new SeedError('not_found', `there is no key ${id}`, { hint: 'seed keys list shows the ids.' });
    const asked = name.replaceAll('_', ' ').trim();
    const command = commands().find((each) => each.name === asked);
    if (!command)
      throw new SeedError('not_found', `there is no command "${asked}"`, {
        hint: 'seed --help (GET /api/v1/commands) lists those that there are.',
      });
    const denied = (reason: string) => ({ verdict: 'denied' as const, reason });
    if (whole.status !== 'active') return denied(`the key, or one that it descends from, is ${whole.status}`);
    if (command.operatorOnly && !actor.operator) return denied('the command is for the operator of this Seed');
    if (command.scope !== null && !allows(whole.actor.key.scopes, command.scope))
      return denied(`the key lacks the scope ${command.scope}`);
    const parsed = command.input.strict().safeParse(input);
    if (!parsed.success) throw invalidInput(parsed.error);
    return judgeCall({ command, actor: whole.actor, input: parsed.data }, (counts) =>
      wouldCount(db, counts, time),
    );
  },
});
