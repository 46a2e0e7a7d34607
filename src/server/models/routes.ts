// The LLM gateway's routes under /llm/v1, for task keys only: an agent speaks for one task and one model.
import { type Context, Hono } from 'hono';
import { SeedError } from '../../protocol/errors.ts';
import { type AuditedRoute, audited } from '../access/audited.ts';
import { authenticate } from '../access/authenticate.ts';
import type { HttpEnv } from '../http/http-types.ts';
import type { ServerParts } from '../parts.ts';
import { mayUseModel, refuseModel } from './allowed-model.ts';

const MODEL_CALL: AuditedRoute = { name: null, effect: 'read' };

export function llmRoutes(parts: ServerParts): Hono<HttpEnv> {
  const { store, llm, audit } = parts;
  const app = new Hono<HttpEnv>();
  app.get('/models', (c) =>
    audited(c, audit, MODEL_CALL, async () => {
      await authenticate(c, parts, false);
      return c.json(llm.models());
    }),
  );
  app.post('/chat/completions', (c) => audited(c, audit, MODEL_CALL, () => complete(c)));

  async function complete(c: Context<HttpEnv>): Promise<Response> {
    const { key, lineage, accountId } = await authenticate(c, parts, false);
    const task = key.taskId === null ? null : await store.lookUps.task(accountId, key.taskId);
    if (task === null) {
      throw new SeedError(
        'not_allowed',
        'only a task key may call the model: its tokens are counted on the task',
        {
          hint: 'Start a task with POST /api/v1/tasks/run.',
        },
      );
    }
    refuseModel(task.model, lineage);
    const body = await c.req.json().catch((cause) => {
      if (cause instanceof SeedError) throw cause;
      throw new SeedError('invalid_json', 'the body is not JSON', { cause });
    });
    const fallbackModels = task.fallbackModels.filter((model) => mayUseModel(model, lineage));
    return llm.chatCompletions(body, {
      taskId: task.id,
      model: task.model,
      fallbackModels,
      // Not that of a server that stops: it finishes what it has begun.
      signal: c.req.raw.signal,
    });
  }
  return app;
}
