// Whether an environment works, by what its checks said last.
import { z } from 'seed/pack';
import { defineCommand, EnvironmentId, findEnvironment } from '../tables.ts';

/** What a check said longer ago than this says nothing about now. */
const STALE_AFTER_MS = 15 * 60_000;

const CheckStatus = z.enum(['passing', 'failing', 'unknown']);

const Health = z.object({
  environment: z.string(),
  status: z
    .enum(['healthy', 'failing', 'unknown'])
    .describe('failing: a check fails. unknown: none fails, and not all have reported lately'),
  checks: z.array(
    z.object({
      name: z.string(),
      status: CheckStatus.describe('unknown: it has not reported for 15 minutes'),
      message: z.string(),
      checkedAt: z.iso.datetime(),
    }),
  ),
});

export const checkHealth = defineCommand({
  name: 'health check',
  summary: 'Show whether an environment is healthy, and what each of its checks says',
  http: 'GET /environments/{environment}/health',
  scope: 'deployments:read',
  effect: 'read',
  reads: 'public',
  input: z.object({ environment: EnvironmentId }),
  output: z.object({ health: Health }),
  examples: ['seed health check production-eu'],
  run: async ({ environment }, ctx) => {
    const { id } = await findEnvironment(environment, ctx);
    const rows = await ctx.db
      .selectFrom('health_checks')
      .selectAll()
      .where('account_id', '=', ctx.account.id)
      .where('environment_id', '=', id)
      .orderBy('name')
      .execute();
    const freshFrom = ctx.clock.now().getTime() - STALE_AFTER_MS;
    const checks = rows.map(({ name, passed, message, checked_at }) => {
      const said = passed ? 'passing' : 'failing';
      const status = checked_at.getTime() < freshFrom ? 'unknown' : said;
      return { name, status, message: message.slice(0, 500), checkedAt: checked_at.toISOString() } as const;
    });
    return { health: { environment: id, status: overall(checks.map(({ status }) => status)), checks } };
  },
});

function overall(checks: z.infer<typeof CheckStatus>[]): 'healthy' | 'failing' | 'unknown' {
  if (checks.includes('failing')) return 'failing';
  return checks.length > 0 && checks.every((status) => status === 'passing') ? 'healthy' : 'unknown';
}
