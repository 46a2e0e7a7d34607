// Operations: environments and what runs there, their health, logs and incidents.
import { definePack } from 'seed/pack';
import { listDeployments, listEnvironments } from './commands/environments.ts';
import { checkHealth } from './commands/health.ts';
import { createIncident, getIncident, listIncidents } from './commands/incidents.ts';
import { tailLogs } from './commands/logs.ts';
import { incidentReport } from './incident-report.ts';
import { writeSamples } from './samples.ts';
import type { Tables } from './tables.ts';

export const pack = definePack<Tables>({
  name: 'devops',
  title: 'Operations',
  commands: [listEnvironments, listDeployments, checkHealth, tailLogs, listIncidents, getIncident, createIncident],
  events: [{ name: 'incident.created', summary: 'An incident was reported' }],
  samples: writeSamples,
  templates: [
    {
      title: 'Health check and incident report',
      instruction: incidentReport.example,
      scopes: ['deployments:read', 'logs:read', 'incidents:write'],
    },
  ],
  playbooks: [incidentReport],
});
