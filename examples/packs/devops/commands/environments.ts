// Where things run, and what is deployed there.
import { newestFirst, orderedBy, orderedPageInput, pageInput, pageOf, z } from 'seed/pack';
import { type DeploymentsTable, defineCommand, EnvironmentId, type EnvironmentsTable } from '../tables.ts';

const Environment = z.object({ id: z.string(), name: z.string(), region: z.string(), retired: z.boolean() });

const Deployment = z.object({
  id: z.uuid(),
  environment: z.string(),
  version: z.string(),
  status: z.enum(['live', 'superseded', 'failed']),
  deployedBy: z.string(),
  createdAt: z.iso.datetime(),
});

const toEnvironment = ({ id, name, region, retired }: EnvironmentsTable) => ({ id, name, region, retired });

const toDeployment = (row: DeploymentsTable) => ({
  id: row.id,
  environment: row.environment_id,
  version: row.version,
  status: row.status,
  deployedBy: row.deployed_by,
  createdAt: row.created_at.toISOString(),
});

export const listEnvironments = defineCommand({
  name: 'environments list',
  summary: 'List the environments that are in use',
  http: 'GET /environments',
  scope: 'deployments:read',
  effect: 'read',
  reads: 'private',
  input: z.object({
    retired: z.boolean().default(false).describe('Also those that are retired'),
    ...orderedPageInput,
  }),
  output: pageOf(Environment),
  columns: ['id', 'name', 'region', 'retired'],
  examples: ['seed environments list', 'seed environments list --retired --json'],
  run: ({ retired, ...page }, { db, account }) => {
    const all = db.selectFrom('environments').selectAll().where('account_id', '=', account.id);
    return orderedBy(retired ? all : all.where('retired', '=', false), 'id', page, toEnvironment);
  },
});

export const listDeployments = defineCommand({
  name: 'deployments list',
  summary: 'List deployments, newest first',
  http: 'GET /deployments',
  scope: 'deployments:read',
  effect: 'read',
  reads: 'private',
  input: z.object({ environment: EnvironmentId.optional(), ...pageInput }),
  output: pageOf(Deployment),
  columns: ['environment', 'version', 'status', 'deployedBy', 'createdAt'],
  examples: ['seed deployments list --environment production-eu'],
  run: ({ environment, ...page }, { db, account }) => {
    const all = db.selectFrom('deployments').selectAll().where('account_id', '=', account.id);
    const query = environment === undefined ? all : all.where('environment_id', '=', environment);
    return newestFirst(query, page, toDeployment);
  },
});
