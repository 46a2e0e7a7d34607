// Schedules: tasks and commands that start by the clock, and what became of each time that they were due.
import { z } from 'zod';
import { defineCommand } from '../../command/define-command.ts';
import { LIMITS } from '../../protocol/limits.ts';
import { moreThan } from '../../protocol/one-of-fields.ts';
import { pageInput, pageOf } from '../../protocol/page.ts';
import {
  Schedule,
  ScheduleChanges,
  ScheduleCreation,
  ScheduleFilter,
  ScheduleRun,
} from '../../protocol/schedule.ts';
import * as schedules from './make.ts';
import { enableOfPack } from './of-packs.ts';
import { findRuns, findSchedule, findSchedules, shownSchedule } from './rows.ts';
import type { WorkNeeds } from './work.ts';

export type ScheduleNeeds = WorkNeeds;

const id = z.uuid().describe('Id of the schedule');
const OneSchedule = z.object({ schedule: Schedule });
const EXAMPLE = '3e1f4a52-6f0b-4c1c-9f27-0b8d6a0c5e21';

export const createSchedule = defineCommand({
  name: 'schedules create',
  summary: 'Start a task, or call a command, by the clock: again and again by a cron pattern, or once',
  http: 'POST /schedules',
  scope: 'schedules:write',
  effect: 'write',
  transactional: true,
  creates: true,
  input: ScheduleCreation,
  output: OneSchedule,
  successStatus: 201,
  examples: [
    `seed schedules create "Key audit" --cron "0 7 * * MON-FRI" --timezone Europe/Berlin --task '{"instruction": "Audit our keys", "scopes": ["keys:read"]}'`,
    'seed schedules create "Costs" --cron @daily --command "obs costs" --jitter 10m',
  ],
  run: async (input, call, needs: ScheduleNeeds) => ({ schedule: await schedules.create(call, input, needs) }),
});

export const listSchedules = defineCommand({
  name: 'schedules list',
  summary: 'List schedules, newest first, with their next times and their last run',
  http: 'GET /schedules',
  scope: 'schedules:read',
  effect: 'read',
  input: ScheduleFilter,
  output: pageOf(Schedule),
  columns: ['id', 'name', 'status', 'cron', 'timezone', 'upcoming'],
  examples: ['seed schedules list', 'seed schedules list --status paused'],
  run: (filter, { store, actor }) => findSchedules(store, actor.accountId, filter),
});

export const getSchedule = defineCommand({
  name: 'schedules get',
  summary: 'Show a schedule: what it starts, when next, and why it is paused if it is',
  http: 'GET /schedules/{id}',
  scope: 'schedules:read',
  effect: 'read',
  input: z.object({ id }),
  output: OneSchedule,
  examples: [`seed schedules get ${EXAMPLE}`],
  run: async ({ id }, { store, actor }) => ({
    schedule: await shownSchedule(store, await findSchedule(store.db, actor.accountId, id)),
  }),
});

export const listScheduleRuns = defineCommand({
  name: 'schedules runs',
  summary: 'List what became of each time that a schedule was due: a task, a skip or an error with its reason',
  http: 'GET /schedules/{id}/runs',
  scope: 'schedules:read',
  effect: 'read',
  input: z.object({ id, ...pageInput }),
  output: pageOf(ScheduleRun),
  columns: ['scheduledFor', 'status', 'taskId', 'reason', 'startedAt', 'completedAt'],
  examples: [`seed schedules runs ${EXAMPLE}`],
  run: async ({ id, ...page }, { store, actor }) => {
    const { id: found } = await findSchedule(store.db, actor.accountId, id);
    return findRuns(store.db, found, page);
  },
});

export const updateSchedule = defineCommand({
  name: 'schedules update',
  summary: 'Change a schedule; from then on it runs for the key in use',
  http: 'PATCH /schedules/{id}',
  scope: 'schedules:write',
  effect: 'write',
  transactional: true,
  input: z.object({ id, ...ScheduleChanges.shape }).meta(moreThan('id')),
  output: OneSchedule,
  examples: [`seed schedules update ${EXAMPLE} --cron "30 6 * * *"`],
  run: async ({ id, ...changes }, call, needs: ScheduleNeeds) => ({
    schedule: await schedules.change(call, id, changes, needs),
  }),
});

export const pauseSchedule = defineCommand({
  name: 'schedules pause',
  summary: 'Pause a schedule: nothing is due until it is resumed; tasks that it has started go on',
  http: 'POST /schedules/{id}/pause',
  scope: 'schedules:write',
  effect: 'write',
  transactional: true,
  input: z.object({ id }),
  output: OneSchedule,
  examples: [`seed schedules pause ${EXAMPLE}`],
  run: async ({ id }, call) => ({ schedule: await schedules.pause(call, id) }),
});

export const resumeSchedule = defineCommand({
  name: 'schedules resume',
  summary: 'Resume a paused schedule, from its next time on; from then on it runs for the key in use',
  http: 'POST /schedules/{id}/resume',
  scope: 'schedules:write',
  effect: 'write',
  transactional: true,
  input: z.object({ id }),
  output: OneSchedule,
  examples: [`seed schedules resume ${EXAMPLE}`],
  run: async ({ id }, call, needs: ScheduleNeeds) => ({ schedule: await schedules.resume(call, id, needs) }),
});

export const runSchedule = defineCommand({
  name: 'schedules run',
  summary: 'Run a schedule once more, now, by its own rules and for its own key',
  http: 'POST /schedules/{id}/run',
  scope: 'schedules:write',
  effect: 'write',
  transactional: true,
  creates: true,
  input: z.object({ id }),
  output: z.object({ run: ScheduleRun }),
  successStatus: 202,
  examples: [`seed schedules run ${EXAMPLE}`],
  run: async ({ id }, call) => ({ run: await schedules.runNow(call, id) }),
});

export const deleteSchedule = defineCommand({
  name: 'schedules delete',
  summary: 'Delete a schedule and what is known of its runs; tasks that it has started go on',
  http: 'DELETE /schedules/{id}',
  scope: 'schedules:write',
  effect: 'destructive',
  transactional: true,
  input: z.object({ id }),
  output: OneSchedule,
  examples: [`seed schedules delete ${EXAMPLE}`],
  run: async ({ id }, call) => ({ schedule: await schedules.remove(call, id) }),
});

export const enableSchedules = defineCommand({
  name: 'schedules enable',
  summary: 'Make the schedules that a pack declares for its commands; they run for the key in use',
  http: 'POST /schedules/enable',
  scope: 'schedules:write',
  effect: 'write',
  transactional: true,
  input: z.object({
    pack: z
      .string()
      .min(1)
      .max(LIMITS.nameLength)
      .meta({ examples: ['crm'] })
      .describe('Name of the pack'),
  }),
  output: z.object({ schedules: z.array(Schedule) }),
  examples: ['seed schedules enable library'],
  run: async ({ pack }, call, needs: ScheduleNeeds) => ({ schedules: await enableOfPack(call, pack, needs) }),
});
