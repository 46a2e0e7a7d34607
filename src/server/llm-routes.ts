// The LLM gateway's routes under /llm/v1, for task keys only: an agent speaks for one task and one model.
import { Hono } from 'hono';
import { SeedError } from '../protocol/errors.ts';
import { getTask } from '../store/tasks.ts';
import { authenticate } from './authenticate.ts';
import type { HttpEnv } from './http-types.ts';
import type { ServerParts } from './parts.ts';

export function llmRoutes({ store, llm, stopping }: ServerParts): Hono<HttpEnv> {
  const app = new Hono<HttpEnv>();
  app.use(async (c, next) => {
    c.set('actor', await authenticate(c.req.header('authorization'), store));
    await next();
  });
  app.get('/models', (c) => c.json(llm.models()));
  app.post('/chat/completions', async (c) => {
    const { key, accountId } = c.get('actor');
    const task = key.taskId === null ? null : await getTask(store.db, accountId, key.taskId);
    if (task === null) {
      throw new SeedError(
        'not_allowed',
        'only a task key may call the model: its tokens are counted on the task',
        {
          hint: 'Start a task with POST /api/v1/tasks/run.',
        },
      );
    }
    const signal = AbortSignal.any([c.req.raw.signal, stopping]);
    const body = await c.req.json().catch((cause) => {
      throw new SeedError('invalid_json', 'the body is not JSON', { cause });
    });
    return llm.chatCompletions(body, { taskId: task.id, model: task.model, signal });
  });
  return app;
}
