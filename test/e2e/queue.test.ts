import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bash, startSeed, type TestSeed, until } from '../fixtures/seed.ts';

let seed: TestSeed;
beforeAll(async () => {
  seed = await startSeed({ SEED_RUNNER_SLOTS: '2' });
});
afterAll(() => seed?.remove());

describe('the queue', () => {
  it('runs ten tasks posted at once on two slots, in order of arrival', async () => {
    const posted = await Promise.all(
      Array.from({ length: 10 }, (_, index) => seed.postTask({ instruction: bash(`echo ${index}`) })),
    );
    const done = await until(
      'all ten have ended',
      async () => {
        const tasks = await Promise.all(posted.map(({ id }) => seed.getTask(id)));
        return tasks.every(({ status }) => status === 'completed') ? tasks : null;
      },
      55_000,
    );
    expect(done.map(({ stdout }) => stdout)).toEqual(posted.map((_, index) => String(index)));
    // Arrivals within the same millisecond have no order that anybody could tell.
    for (const first of done) {
      for (const second of done) {
        if (first.createdAt < second.createdAt)
          expect(Date.parse(first.startedAt ?? '')).toBeLessThanOrEqual(Date.parse(second.startedAt ?? ''));
      }
    }
  });
});

describe('without a runner', () => {
  it('accepts a task, says what it waits for, and runs it once a runner is there', async () => {
    process.kill(seed.runnerPid(), 'SIGSTOP');
    const paused = seed.runnerPid();
    try {
      await until(
        'the server takes the runner for gone',
        async () => {
          const task = await seed.postTask({ instruction: bash('echo hi') });
          await seed.call('POST', `/api/v1/tasks/${task.id}/stop`);
          return task.statusNote?.includes('No runner is connected');
        },
        25_000,
      );
      const task = await seed.postTask({ instruction: bash('echo at last') });
      expect(task).toMatchObject({
        status: 'queued',
        statusNote: expect.stringContaining('No runner is connected'),
      });
      process.kill(paused, 'SIGCONT');
      const ended = await until(
        'it ran',
        async () => {
          const current = await seed.getTask(task.id);
          return current.status === 'completed' ? current : null;
        },
        30_000,
      );
      expect(ended).toMatchObject({ stdout: 'at last', statusNote: null });
    } finally {
      process.kill(paused, 'SIGCONT');
    }
  });
});

describe('a machine where no sandbox can be made', () => {
  it('starts all the same and refuses tasks with the reason', async () => {
    const unable = await startSeed({ SEED_CACHE_DIR: '/dev/null/cache' });
    try {
      const answer = await until('the runner has said why', async () => {
        const { status, body } = await unable.call<{
          error?: { code: string; message: string; hint: string };
        }>('POST', '/api/v1/tasks/run', { body: { instruction: 'hi' } });
        return status === 503 ? body.error : null;
      });
      expect(answer).toMatchObject({
        code: 'no_usable_driver',
        hint: expect.stringContaining('seed doctor'),
      });
      expect(answer.message).toContain('/dev/null/cache');
    } finally {
      await unable.remove();
    }
  });
});
