// The tables as kysely sees them; migrations/ makes them.
import { commandsOn, type PackContext, SeedError, z } from 'seed/pack';

export interface EnvironmentsTable {
  account_id: string;
  id: string;
  name: string;
  region: string;
  retired: boolean;
}

export interface DeploymentsTable {
  account_id: string;
  id: string;
  environment_id: string;
  version: string;
  status: 'live' | 'superseded' | 'failed';
  deployed_by: string;
  created_at: Date;
}

export interface HealthChecksTable {
  account_id: string;
  environment_id: string;
  name: string;
  passed: boolean;
  message: string;
  checked_at: Date;
}

export interface LogsTable {
  account_id: string;
  environment_id: string;
  sequence: number;
  at: Date;
  level: 'debug' | 'info' | 'warn' | 'error';
  message: string;
}

export interface IncidentsTable {
  account_id: string;
  id: string;
  environment_id: string;
  title: string;
  severity: 'low' | 'high' | 'critical';
  status: 'open' | 'resolved';
  summary: string;
  log_excerpt: string;
  task_id: string | null;
  created_at: Date;
}

export interface Tables {
  environments: EnvironmentsTable;
  deployments: DeploymentsTable;
  health_checks: HealthChecksTable;
  logs: LogsTable;
  incidents: IncidentsTable;
}

export const defineCommand = commandsOn<Tables>();

export const EnvironmentId = z.string().min(1).max(60).describe('The environment, such as production-eu');

/** @throws SeedError not_found */
export async function findEnvironment(id: string, { db, account }: PackContext<Tables>) {
  const row = await db
    .selectFrom('environments')
    .selectAll()
    .where('account_id', '=', account.id)
    .where('id', '=', id)
    .executeTakeFirst();
  if (row) return row;
  const hint = 'seed environments list shows the environments.';
  throw new SeedError('not_found', `there is no environment "${id}"`, { hint });
}
