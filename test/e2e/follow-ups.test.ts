// Conversations over several tasks, each in a sandbox of its own: what the agent knows, what it finds, what it costs.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ErrorBody } from '../../src/protocol/errors.ts';
import type { Task } from '../../src/protocol/task.ts';
import { type FollowingModel, startFollowingModel } from '../fixtures/following-model.ts';
import { bash, startSeed, type TestSeed, until } from '../fixtures/seed.ts';

let model: FollowingModel;
let seed: TestSeed;
beforeAll(async () => {
  model = await startFollowingModel();
  seed = await startSeed({
    SEED_LLM_BASE_URL: model.baseUrl,
    SEED_LLM_API_KEY: 'sk-test',
    SEED_LLM_MODEL: 'patient',
    SEED_RUNNER_SLOTS: '3',
  });
});
afterAll(async () => {
  await seed?.remove();
  await model?.close();
});

const goOn = (id: string, body: object, headers: Record<string, string> = { prefer: 'wait=60' }, key?: string) =>
  seed.call<{ task: Task } & ErrorBody>('POST', `/api/v1/tasks/${id}/continue`, {
    body,
    headers,
    ...(key !== undefined && { key }),
  });

async function follow(id: string, ...commands: string[]): Promise<Task> {
  const { status, body } = await goOn(id, { instruction: bash(...commands) });
  if (status >= 300) throw new Error(`${status} ${JSON.stringify(body)}`);
  return body.task;
}

describe('a conversation', () => {
  it('is known to the agent of each next task, with its calls and their answers', async () => {
    const first = await seed.runTask({ instruction: bash('echo forty-two'), scopes: ['keys:read', 'obs:read'] });
    expect(first).toMatchObject({
      status: 'completed',
      stdout: 'forty-two',
      continues: null,
      conversationId: first.id,
      notes: [],
    });
    const second = await follow(first.id, 'echo forty-three');
    expect(second).toMatchObject({
      status: 'completed',
      stdout: 'forty-three',
      stderr: null,
      continues: first.id,
      conversationId: first.id,
    });
    expect(second.keyId).toBe(first.keyId);
    expect(second.scopes.effective).toEqual(['keys:read', 'obs:read']);
    const third = await follow(second.id, 'echo forty-four');
    expect(third).toMatchObject({ stdout: 'forty-four', continues: second.id, conversationId: first.id });
    const said = model.lastMessages().map(({ role, content, tool_calls }) => ({
      role,
      text: role === 'system' ? 'system' : typeof content === 'string' ? content : JSON.stringify(content ?? null),
      calls: Array.isArray(tool_calls) ? tool_calls.length : 0,
    }));
    expect(said).toEqual([]);
  });
});
