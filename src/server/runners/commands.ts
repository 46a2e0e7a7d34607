// The sandboxes of all runners: for the operator of this Seed only.
import { z } from 'zod';
import { defineCommand } from '../../command/define-command.ts';
import { pageOf } from '../../protocol/page.ts';
import { RunnerView } from '../../protocol/runner.ts';
import { listRunners } from './runners.ts';

export const listSandboxes = defineCommand({
  name: 'sandboxes list',
  summary:
    'List the connected runners: driver, probes, snapshot, slots, warm pool, and the tasks in their sandboxes',
  http: 'GET /sandboxes',
  scope: 'sandboxes:read',
  effect: 'read',
  operatorOnly: true,
  input: z.object({}),
  output: pageOf(RunnerView),
  columns: [
    'name',
    'version',
    'driver',
    'isolation',
    'freeSlots',
    'slots',
    'pool.ready',
    'pool.size',
    'sandboxes',
  ],
  examples: ['seed sandboxes list', 'seed sandboxes list --json'],
  run: (_input, { store }) => listRunners(store),
});
