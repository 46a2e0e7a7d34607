// What an environment has written.
import { z } from 'seed/pack';
import { defineCommand, EnvironmentId, findEnvironment } from '../tables.ts';

/** Longer messages are cut: a stack trace of a megabyte helps nobody. */
const MESSAGE_CHARACTERS = 500;

const LogLine = z.object({
  at: z.iso.datetime(),
  level: z.enum(['debug', 'info', 'warn', 'error']),
  message: z.string(),
});

export const tailLogs = defineCommand({
  name: 'logs tail',
  summary: 'Show the last lines that an environment has logged, oldest first',
  http: 'GET /logs/{environment}',
  scope: 'logs:read',
  effect: 'read',
  reads: 'untrusted',
  input: z.object({
    environment: EnvironmentId,
    lines: z.int().min(1).max(200).default(50).describe('How many, 1 to 200'),
  }),
  output: z.object({ items: z.array(LogLine), nextCursor: z.null() }),
  columns: ['at', 'level', 'message'],
  examples: ['seed logs tail production-eu', 'seed logs tail production-eu --lines 200 --json'],
  run: async ({ environment, lines }, ctx) => {
    const { id } = await findEnvironment(environment, ctx);
    const rows = await ctx.db
      .selectFrom('logs')
      .select(['at', 'level', 'message'])
      .where('account_id', '=', ctx.account.id)
      .where('environment_id', '=', id)
      .orderBy('sequence', 'desc')
      .limit(lines)
      .execute();
    const items = rows.reverse().map(({ at, level, message }) => ({
      at: at.toISOString(),
      level,
      message: message.slice(0, MESSAGE_CHARACTERS),
    }));
    return { items, nextCursor: null };
  },
});
