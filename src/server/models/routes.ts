// The LLM gateway's routes under /llm/v1, for task keys only: an agent speaks for one task and one model.
import { type Context, Hono } from 'hono';
import type { Clock } from '../../lib/clock.ts';
import { APPROVAL_HEADER } from '../../protocol/approval-wait.ts';
import { SeedError } from '../../protocol/errors.ts';
import type { AuditedRoute, Gate } from '../http/gate.ts';
import type { HttpEnv } from '../http/http-types.ts';
import { RaiseAsked } from '../spending/spending.ts';
import type { FindTask } from '../tasks/find.ts';
import { mayUseModel, refuseModel } from './allowed-models.ts';
import type { LlmGateway } from './gateway.ts';

const MODEL_CALL: AuditedRoute = { name: null, effect: 'read' };

export function llmRoutes(needs: {
  findTask: FindTask;
  llm: LlmGateway;
  gate: Gate;
  store: { clock: Clock };
}): Hono<HttpEnv> {
  const { findTask, llm, gate, store } = needs;
  const app = new Hono<HttpEnv>();
  app.get('/models', (c) =>
    gate.audited(c, MODEL_CALL, async () => {
      await gate.authenticate(c, { counted: false, sessions: false });
      return c.json(llm.models());
    }),
  );
  app.post('/chat/completions', (c) =>
    gate.audited(c, MODEL_CALL, () =>
      complete(c).catch((error) => {
        // By it the runner waits for the decision, and then makes the call again.
        if (error instanceof RaiseAsked) c.header(APPROVAL_HEADER, error.approvalId);
        throw error;
      }),
    ),
  );

  async function complete(c: Context<HttpEnv>): Promise<Response> {
    const { key, lineage, accountId } = await gate.authenticate(c, { counted: false, sessions: false });
    const task = key.taskId === null ? null : await findTask(accountId, key.taskId);
    if (task === null) {
      const why = 'only a task key may call the model: its tokens are counted on the task';
      throw new SeedError('not_allowed', why, { hint: 'Start a task with POST /api/v1/tasks/run.' });
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
      ...(task.deadline !== null && { leftMs: Date.parse(task.deadline) - store.clock.now().getTime() }),
      // Not that of a server that stops: it finishes what it has begun.
      signal: c.req.raw.signal,
    });
  }
  return app;
}
