// Commands for more than one word with an agent: a task that goes on from another, a message to one that runs.
import { z } from 'zod';
import { defineCommand } from '../../command/define-command.ts';
import { notBoth } from '../../protocol/one-of-fields.ts';
import { ContinueTaskBody, SendMessageBody, TaskMessage } from '../../protocol/task.ts';
import { type TaskNeeds, withNote } from './commands.ts';
import { continueOnce } from './continue.ts';
import { AnsweredTask } from './find.ts';
import { sendMessage } from './messages.ts';
import { waitForEnd } from './watch.ts';

export const continueTask = defineCommand({
  name: 'tasks continue',
  summary: 'Go on from a task that has ended: a new task, in a new sandbox, whose agent knows what was said',
  http: 'POST /tasks/{id}/continue',
  scope: 'tasks:write',
  effect: 'write',
  repeatable: true,
  input: ContinueTaskBody.meta(notBoth('model', 'models')),
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

export const messageTask = defineCommand({
  name: 'tasks message',
  summary: 'Send a message to a task that has not ended: its agent reads it at its next turn',
  http: 'POST /tasks/{id}/messages',
  scope: 'tasks:write',
  effect: 'write',
  repeatable: true,
  transactional: true,
  input: SendMessageBody,
  output: z.object({ message: TaskMessage }),
  successStatus: 202,
  creates: true,
  examples: ['seed tasks message 56bcba9b-3f0e-4d5c-8a52-0d3d1c9a7e11 "Leave out the keys of the CI"'],
  run: async (input, call) => ({ message: await sendMessage(call, input) }),
});
