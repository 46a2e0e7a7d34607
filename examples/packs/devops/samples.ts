// Nine environments with 400 lines of log: two fail, one has failed for long and is reported, and three cannot be
// told at a glance.
import { randomUUID } from 'node:crypto';
import type { SampleContext } from 'seed/pack';
import type { LogsTable, Tables } from './tables.ts';

const MINUTE_MS = 60_000;

interface Check {
  name: string;
  failure?: string;
  minutesAgo?: number;
}

interface Sample {
  id: string;
  name: string;
  region: string;
  checks: readonly Check[];
  logLines: number;
  /** What its log ends with; the rest is everyday. */
  errors?: readonly string[];
  retired?: boolean;
  openIncident?: string;
}

const ALL_WELL: readonly Check[] = [{ name: 'api' }, { name: 'database' }, { name: 'queue' }];

const SAMPLES: readonly Sample[] = [
  {
    id: 'production-eu',
    name: 'Production Europe',
    region: 'eu-central',
    checks: [
      { name: 'api' },
      { name: 'database', failure: 'no connection for 30 s: too many clients' },
      { name: 'queue' },
    ],
    logLines: 120,
    errors: [
      'FATAL: sorry, too many clients already',
      'request /orders failed: no database connection',
      'retry 3 of 3 failed; customer\'s order kept in the queue: "o-4412" $(not a command)',
    ],
  },
  { id: 'production-us', name: 'Production America', region: 'us-east', checks: ALL_WELL, logLines: 90 },
  {
    // Nobody has asked its checks for two hours: it is not known to work.
    id: 'production-ap',
    name: 'Production Asia',
    region: 'ap-northeast',
    checks: [
      { name: 'api', minutesAgo: 120 },
      { name: 'database', minutesAgo: 121 },
    ],
    logLines: 60,
  },
  {
    // Fewer lines than are asked for.
    id: 'staging',
    name: 'Staging',
    region: 'eu-central',
    checks: [{ name: 'api' }, { name: 'queue', failure: 'connection refused' }],
    logLines: 12,
    errors: ['queue: connect ECONNREFUSED 10.2.0.7:5672'],
  },
  // Has no checks at all.
  { id: 'preview-214', name: 'Preview 214', region: 'eu-central', checks: [], logLines: 5 },
  { id: 'qa', name: 'Quality assurance', region: 'eu-central', checks: ALL_WELL, logLines: 40 },
  {
    // Failed, and passed since: the failure is long over.
    id: 'docs',
    name: 'Documentation',
    region: 'us-east',
    checks: [{ name: 'site' }],
    logLines: 20,
    errors: ['build 881 failed: link to /guide is dead'],
  },
  {
    id: 'load-test',
    name: 'Load test',
    region: 'us-east',
    checks: [{ name: 'api', failure: 'timeout after 10 s' }],
    logLines: 30,
    errors: ['request queue is full'],
    openIncident: 'Load test does not answer',
  },
  {
    id: 'legacy',
    name: 'Legacy',
    region: 'eu-central',
    checks: [{ name: 'api', failure: 'host not found' }],
    logLines: 23,
    retired: true,
  },
];

const EVERYDAY = [
  'GET /orders 200',
  'GET /health 200',
  'POST /orders 201',
  'job mail.send done',
  'cache refreshed',
];

function logOf({ id, logLines, errors = [] }: Sample, accountId: string, now: Date): LogsTable[] {
  return Array.from({ length: logLines }, (_, index) => {
    const error = errors[index - (logLines - errors.length)];
    return {
      account_id: accountId,
      environment_id: id,
      sequence: index + 1,
      at: new Date(now.getTime() - (logLines - index) * 20_000),
      level: error === undefined ? (index % 9 === 4 ? 'warn' : 'info') : 'error',
      message: error ?? `${EVERYDAY[index % EVERYDAY.length]} in ${3 + ((index * 7) % 40)} ms`,
    };
  });
}

export async function writeSamples({ db, accountId: account_id, now }: SampleContext<Tables>): Promise<void> {
  const ago = (minutes: number) => new Date(now.getTime() - minutes * MINUTE_MS);
  const environments = SAMPLES.map(({ id, name, region, retired = false }) => ({
    account_id,
    id,
    name,
    region,
    retired,
  }));
  await db.insertInto('environments').values(environments).execute();
  const checks = SAMPLES.flatMap(({ id, checks }) =>
    checks.map(({ name, failure, minutesAgo = 1 }) => ({
      account_id,
      environment_id: id,
      name,
      passed: failure === undefined,
      message: failure ?? 'ok',
      checked_at: ago(minutesAgo),
    })),
  );
  await db.insertInto('health_checks').values(checks).execute();
  const deployments = SAMPLES.flatMap(({ id }, environment) =>
    Array.from({ length: 8 }, (_, index) => ({
      account_id,
      id: randomUUID(),
      environment_id: id,
      version: `2.${environment}.${8 - index}`,
      status: index === 0 ? ('live' as const) : index === 3 ? ('failed' as const) : ('superseded' as const),
      deployed_by: index % 2 === 0 ? 'ci' : 'maria',
      created_at: ago(90 + index * 60 * 24 + environment),
    })),
  );
  await db.insertInto('deployments').values(deployments).execute();
  await db
    .insertInto('logs')
    .values(SAMPLES.flatMap((sample) => logOf(sample, account_id, now)))
    .execute();
  const incidents = SAMPLES.flatMap(({ id, openIncident }) =>
    openIncident === undefined
      ? []
      : [
          {
            account_id,
            id: randomUUID(),
            environment_id: id,
            title: openIncident,
            severity: 'low' as const,
            status: 'open' as const,
            summary: 'Known since yesterday; the team looks into it.',
            log_excerpt: '',
            task_id: null,
            created_at: ago(60 * 26),
          },
        ],
  );
  await db.insertInto('incidents').values(incidents).execute();
}
