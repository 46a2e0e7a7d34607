// Reports of what went wrong.
import { newestFirst, pageInput, pageOf, SeedError, z } from 'seed/pack';
import { defineCommand, EnvironmentId, findEnvironment, type IncidentsTable } from '../tables.ts';

const Severity = z.enum(['low', 'high', 'critical']);
const IncidentStatus = z.enum(['open', 'resolved']);

const incidentFields = {
  id: z.uuid(),
  environment: z.string(),
  title: z.string(),
  severity: Severity,
  status: IncidentStatus,
  taskId: z.uuid().nullable().describe('The task that reported it'),
  createdAt: z.iso.datetime(),
};
const IncidentLine = z.object(incidentFields);
const Incident = z.object({ ...incidentFields, summary: z.string(), logExcerpt: z.string() });

const toLine = (row: IncidentsTable) => ({
  id: row.id,
  environment: row.environment_id,
  title: row.title,
  severity: row.severity,
  status: row.status,
  taskId: row.task_id,
  createdAt: row.created_at.toISOString(),
});
const toIncident = (row: IncidentsTable) => ({
  ...toLine(row),
  summary: row.summary,
  logExcerpt: row.log_excerpt,
});

export const createIncident = defineCommand({
  name: 'incidents create',
  summary: 'Report an incident of an environment, which has at most one that is open',
  http: 'POST /environments/{environment}/incidents',
  scope: 'incidents:write',
  effect: 'write',
  creates: true,
  input: z.object({
    environment: EnvironmentId,
    title: z.string().trim().min(1).max(200).describe('What is wrong, in one line'),
    severity: Severity.describe('How bad it is'),
    summary: z.string().trim().min(1).max(5_000).describe('What was found, and since when'),
    logExcerpt: z.string().max(120_000).default('').describe('Lines of the log that show it'),
  }),
  output: z.object({ incident: Incident }),
  successStatus: 201,
  examples: [
    'seed incidents create staging --title "Queue check fails" --severity high --summary "Since 10:12, connection refused"',
    'seed logs tail staging | seed incidents create staging --title … --severity high --summary … --log-excerpt -',
  ],
  run: async ({ environment, title, severity, summary, logExcerpt }, ctx) => {
    const { id } = await findEnvironment(environment, ctx);
    const { db, account, actor, clock, creationId } = ctx;
    const row = await db
      .insertInto('incidents')
      .values({
        account_id: account.id,
        id: creationId,
        environment_id: id,
        title,
        severity,
        status: 'open',
        summary,
        log_excerpt: logExcerpt,
        task_id: actor.taskId,
        created_at: clock.now(),
      })
      .onConflict((conflict) =>
        conflict.columns(['account_id', 'environment_id']).where('status', '=', 'open').doNothing(),
      )
      .returningAll()
      .executeTakeFirst();
    if (row) {
      ctx.emit('incident.created', { incidentId: row.id, environment: id, title, severity });
      return { incident: toIncident(row) };
    }
    throw new SeedError('conflict', `"${id}" has an open incident already`, {
      hint: 'Nothing was created. Say so: the outage is known.',
    });
  },
});

export const listIncidents = defineCommand({
  name: 'incidents list',
  summary: 'List incidents, newest first',
  http: 'GET /incidents',
  scope: 'incidents:read',
  effect: 'read',
  reads: 'private',
  input: z.object({
    status: IncidentStatus.optional().describe('Only incidents of this status'),
    ...pageInput,
  }),
  output: pageOf(IncidentLine),
  columns: ['id', 'environment', 'title', 'severity', 'status', 'createdAt'],
  examples: ['seed incidents list --status open'],
  run: ({ status, ...page }, { db, account }) => {
    const all = db.selectFrom('incidents').selectAll().where('account_id', '=', account.id);
    return newestFirst(status === undefined ? all : all.where('status', '=', status), page, toLine);
  },
});

export const getIncident = defineCommand({
  name: 'incidents get',
  summary: 'Show an incident with its summary and log',
  http: 'GET /incidents/{id}',
  scope: 'incidents:read',
  effect: 'read',
  reads: 'private',
  input: z.object({ id: z.uuid().describe('Id of the incident') }),
  output: z.object({ incident: Incident }),
  examples: ['seed incidents get 3f0c…'],
  run: async ({ id }, { db, account }) => {
    const row = await db
      .selectFrom('incidents')
      .selectAll()
      .where('account_id', '=', account.id)
      .where('id', '=', id)
      .executeTakeFirst();
    if (row) return { incident: toIncident(row) };
    const hint = 'seed incidents list shows the ids.';
    throw new SeedError('not_found', `there is no incident "${id}"`, { hint });
  },
});
