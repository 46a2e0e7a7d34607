// Commands that forget: tasks, by hand and by age; for how long an account keeps what was said; legal holds.
import { z } from 'zod';
import { defineCommand } from '../../command/define-command.ts';
import {
  DeletedTasks,
  DeleteTaskInput,
  ForgetTasksBody,
  ForgottenTasks,
  Hold,
  HoldBody,
  HoldFilter,
  Retention,
  RetentionBody,
} from '../../protocol/forgetting.ts';
import { LIMITS } from '../../protocol/limits.ts';
import { pageOf } from '../../protocol/page.ts';
import { pastTime } from '../../protocol/time.ts';
import type { KeptBlobs } from '../files/blobs.ts';
import { countOld, forgetOld } from './by-age.ts';
import { deleteTask as forgetTask, schedulesOf } from './delete.ts';
import * as holds from './holds.ts';
import { type OperatorRetention, readRetention, setRetention } from './retention.ts';

export interface ForgettingNeeds {
  blobs: Pick<KeptBlobs, 'remove'>;
  operatorRetention: OperatorRetention;
}

const TASK = '56bcba9b-3f0e-4d5c-8a52-0d3d1c9a7e11';
const HOLD = '0b8f6a52-53a5-4a6f-9d0c-7a1f6f0e2c44';

export const deleteTask = defineCommand({
  name: 'tasks delete',
  summary: 'Forget a task: its instruction, answer, events, files and workspace go; what it cost is kept',
  http: 'DELETE /tasks/{id}',
  scope: 'tasks:delete',
  effect: 'destructive',
  repeatable: true,
  input: DeleteTaskInput,
  output: DeletedTasks,
  examples: [`seed tasks delete ${TASK}`, `seed tasks delete ${TASK} --conversation`],
  run: async ({ id, conversation }, { actor, store }, { blobs }: ForgettingNeeds) => {
    const { accountId } = actor;
    const forgotten = await forgetTask({ store, blobs }, { accountId, id, conversation });
    return { id, forgotten, stillIn: await schedulesOf(store.db, accountId, id) };
  },
});

export const forgetTasks = defineCommand({
  name: 'tasks forget',
  summary: `Forget the tasks that ended before a time, at most ${LIMITS.forgottenPerRequest} a call: call again while some are left`,
  http: 'POST /tasks/forget',
  scope: 'tasks:delete',
  effect: 'destructive',
  repeatable: true,
  input: ForgetTasksBody,
  output: ForgottenTasks,
  examples: ['seed tasks forget --before 90d --dry-run', 'seed tasks forget --before 2026-11-01'],
  run: async ({ before: told, dryRun }, { actor, store }, { blobs }: ForgettingNeeds) => {
    const before = pastTime(told, store.clock.now());
    const wanted = { accountId: actor.accountId, before, why: 'forget' } as const;
    const forgotten = dryRun ? 0 : await forgetOld({ store, blobs }, wanted, LIMITS.forgottenPerRequest);
    const { left, ...kept } = await countOld(store.db, wanted);
    return { before: before.toISOString(), dryRun, forgotten, left, kept };
  },
});

export const getRetention = defineCommand({
  name: 'retention get',
  summary: 'Show how long the account keeps what was said in its tasks, and its ledger',
  http: 'GET /retention',
  scope: 'retention:read',
  effect: 'read',
  input: z.object({}),
  output: z.object({ retention: Retention }),
  examples: ['seed retention get'],
  run: async (_input, { actor, store }, { operatorRetention }: ForgettingNeeds) => ({
    retention: await readRetention(store.db, actor.accountId, operatorRetention),
  }),
});

export const updateRetention = defineCommand({
  name: 'retention set',
  summary: 'Set how long the account keeps what was said in its tasks, and its ledger; what is older is forgotten',
  http: 'PATCH /retention',
  scope: 'retention:write',
  effect: 'destructive',
  transactional: true,
  input: RetentionBody,
  output: z.object({ retention: Retention }),
  examples: ['seed retention set --content 30d --ledger 60d', 'seed retention set --content null'],
  run: async (input, { actor, store }, { operatorRetention }: ForgettingNeeds) => ({
    retention: await setRetention(store.db, actor.accountId, input, operatorRetention),
  }),
});

export const createHold = defineCommand({
  name: 'holds create',
  summary: 'Place a legal hold: nothing of what it names is deleted by anybody until it is released',
  http: 'POST /holds',
  scope: 'holds:write',
  effect: 'write',
  transactional: true,
  creates: true,
  input: HoldBody,
  output: z.object({ hold: Hold }),
  successStatus: 201,
  examples: [
    'seed holds create --kind account --reason "Case 2026-117"',
    `seed holds create --kind conversation --task-id ${TASK} --reason "Case 2026-117"`,
  ],
  run: async (input, call) => ({ hold: await holds.placeHold(call, input) }),
});

export const listHolds = defineCommand({
  name: 'holds list',
  summary: 'List legal holds, newest first',
  http: 'GET /holds',
  scope: 'holds:read',
  effect: 'read',
  input: HoldFilter,
  output: pageOf(Hold),
  columns: ['id', 'kind', 'subjectId', 'reason', 'createdAt', 'releasedAt'],
  examples: ['seed holds list', 'seed holds list --released --json'],
  run: (input, call) => holds.listHolds(call, input),
});

export const releaseHold = defineCommand({
  name: 'holds release',
  summary: 'Release a legal hold: what only it kept may be deleted from then on',
  http: 'POST /holds/{id}/release',
  scope: 'holds:write',
  effect: 'destructive',
  transactional: true,
  input: z.object({ id: z.uuid().describe('Id of the hold') }),
  output: z.object({ hold: Hold }),
  examples: [`seed holds release ${HOLD}`],
  run: async ({ id }, call) => ({ hold: await holds.releaseHold(call, id) }),
});
