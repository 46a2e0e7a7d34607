// Commands that go on from a task: a new one that knows what was said.
import { defineCommand } from '../../command/define-command.ts';
import { ContinueTaskBody } from '../../protocol/task.ts';
import { type TaskNeeds, withNote } from './commands.ts';
import { continueOnce } from './continue.ts';
import { AnsweredTask } from './find.ts';
import { waitForEnd } from './watch.ts';

export const continueTask = defineCommand({
  name: 'tasks continue',
  summary: 'Go on from a task that has ended: a new task, in a new sandbox, whose agent knows what was said',
  http: 'POST /tasks/{id}/continue',
  scope: 'tasks:write',
  effect: 'write',
  repeatable: true,
  input: ContinueTaskBody,
  output: AnsweredTask,
  successStatus: 202,
  creates: true,
  takesFiles: true,
  follow: 'tasks events',
  examples: [
    'seed tasks continue 56bcba9b-3f0e-4d5c-8a52-0d3d1c9a7e11 "Now revoke the two oldest"',
    'seed tasks continue 56bcba9b-3f0e-4d5c-8a52-0d3d1c9a7e11 "And by month?" --scopes obs:read --timeout 60000',
  ],
  run: async (input, call, needs: TaskNeeds) => {
    const task = await continueOnce(call, input, needs);
    if (call.waitMs === 0) return { task: await withNote(task, needs) };
    await call.recordDone(task.id);
    return { task: await withNote(await waitForEnd(call, needs.find, task), needs) };
  },
});
