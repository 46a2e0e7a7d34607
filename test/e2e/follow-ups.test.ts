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
    const said = model.lastMessages().map(({ role, content, tool_calls }) => {
      const text = JSON.stringify(content ?? null);
      return `${role} ${tool_calls === undefined ? text : JSON.stringify(tool_calls).match(/echo [a-z-]+/)?.[0]}`;
    });
    const told = `[You go on in a new sandbox, in which nothing runs any more of what you started before. What you may call now is what is listed at the top.]\n\n${bash('echo forty-four')}`;
    expect(said.slice(1)).toEqual([
      `user ${JSON.stringify(bash('echo forty-two'))}`,
      'assistant echo forty-two',
      'tool "forty-two\\n"',
      'assistant "forty-two"',
      `user ${JSON.stringify(bash('echo forty-three'))}`,
      'assistant echo forty-three',
      'tool "forty-three\\n"',
      'assistant "forty-three"',
      `user ${JSON.stringify([{ type: 'text', text: told }])}`,
      'assistant echo forty-four',
      'tool "forty-four\\n"',
    ]);
  });

  it('tells an agent of a call that was cut off, of how the task ended, and of scopes that it has no more', async () => {
    const first = await seed.postTask({
      instruction: bash('echo begun; sleep 600'),
      scopes: ['keys:read', 'obs:read'],
    });
    await seed.waitForEvent(first.id, ({ type }) => type === 'tool_output');
    const early = await goOn(first.id, { instruction: 'too early' });
    expect([early.status, early.body.error.code]).toEqual([409, 'conversation_busy']);
    await seed.call('POST', `/api/v1/tasks/${first.id}/stop`);
    const wider = await goOn(first.id, { instruction: 'more', scopes: ['keys:write'] });
    expect([wider.status, wider.body.error.code]).toEqual([403, 'not_allowed']);
    const { body } = await goOn(first.id, { instruction: 'And now?', scopes: ['keys:*'] });
    expect(body.task).toMatchObject({
      status: 'completed',
      scopes: { effective: ['keys:read'] },
      notes: ['The task before did not complete, it was stopped.', 'Not allowed any more: obs:read.'],
    });
    expect(body.task.stdout).toContain(body.task.notes.join(' '));
    const answers = model.lastMessages().filter(({ role }) => role === 'tool');
    expect(JSON.stringify(answers)).toContain('it is not known what came of it');
  });

  it('has one next task for each, however many ask at once, and one for a repeated request', async () => {
    const first = await seed.runTask({ instruction: bash('echo one') });
    const headers = { 'idempotency-key': `again-${first.id}` };
    const [once, again, other] = await Promise.all([
      goOn(first.id, { instruction: bash('echo two') }, headers),
      goOn(first.id, { instruction: bash('echo two') }, headers),
      goOn(first.id, { instruction: bash('echo three') }, {}),
    ]);
    const winners = [once, again, other].filter(({ status }) => status === 202);
    const ids = new Set(winners.map(({ body }) => body.task.id));
    expect(ids.size).toBe(1);
    const losers = [once, again, other].filter(({ status }) => status !== 202);
    for (const { status, body } of losers) expect([status, body.error.code]).toEqual([409, 'conversation_busy']);
    const [next = ''] = ids;
    await until('it has ended', async () => (await seed.getTask(next)).completedAt !== null);
    const late = await goOn(first.id, { instruction: 'late' });
    expect([late.status, late.body.error.code]).toEqual([409, 'conflict']);
    expect(late.body.error.hint).toContain(next);
    const { body } = await seed.call<{ items: Task[] }>('GET', `/api/v1/tasks?conversationId=${first.id}`);
    expect(body.items.map(({ id }) => id)).toEqual([next, first.id]);
  });
});

const send = (id: string, text: string, headers: Record<string, string> = {}) =>
  seed.call<{ message: { id: string; note: string } } & ErrorBody>('POST', `/api/v1/tasks/${id}/messages`, {
    body: { text },
    headers,
  });

describe('a message to a running task', () => {
  it('is read at the next turn, once however often it is sent, and known to the task after it', async () => {
    const task = await seed.postTask({ instruction: bash('echo begun; sleep 4; echo over', 'echo second') });
    await seed.waitForEvent(task.id, ({ type }) => type === 'tool_output');
    const headers = { 'idempotency-key': `message-${task.id}` };
    const sent = await send(task.id, bash('echo steered'), headers);
    expect([sent.status, sent.body.message.note]).toEqual([202, expect.stringContaining('next turn')]);
    expect((await send(task.id, bash('echo steered'), headers)).body).toEqual(sent.body);
    const events = await seed.events(task.id);
    const told = events.filter(({ type }) => type === 'message' || type === 'tool_call');
    expect(told.map((event) => (event.type === 'tool_call' ? event.input['command'] : event.type))).toEqual([
      'echo begun; sleep 4; echo over',
      'message',
      'echo steered',
    ]);
    expect(events).toContainEqual(
      expect.objectContaining({ type: 'diagnostic', text: 'The agent reads a message.' }),
    );
    expect(await seed.getTask(task.id)).toMatchObject({ status: 'completed', stdout: 'steered', stderr: null });
    const late = await send(task.id, 'too late');
    expect([late.status, late.body.error.code]).toEqual([409, 'conflict']);
    expect(late.body.error.hint).toContain(`seed tasks continue ${task.id}`);
    expect((await follow(task.id, 'echo after')).stdout).toBe('after');
    const roles = model.lastMessages().map(({ role }) => role);
    expect(roles.slice(1)).toEqual([
      ...['user', 'assistant', 'tool', 'user', 'assistant', 'tool', 'assistant'],
      ...['user', 'assistant', 'tool'],
    ]);
  });
});
