// What a failing model means for a task.
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startSeed, type TestSeed } from '../fixtures/seed.ts';

const UPSTREAM_KEY = 'sk-upstream-canary-1234567890abcdef';
let upstream: Server;
let seed: TestSeed;

beforeAll(async () => {
  upstream = createServer((request, response) => {
    response.writeHead(500, { 'content-type': 'application/json' });
    const message = `the model is on fire (key ${request.headers.authorization})`;
    response.end(JSON.stringify({ error: { message } }));
  });
  await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve));
  const { port } = upstream.address() as AddressInfo;
  seed = await startSeed({
    SEED_LLM_BASE_URL: `http://127.0.0.1:${port}/v1`,
    SEED_LLM_API_KEY: UPSTREAM_KEY,
    SEED_LLM_MODEL: 'some/model',
  });
});
afterAll(async () => {
  await seed?.remove();
  upstream?.close();
});

describe('a failing model', () => {
  it("ends the task failed/llm_unavailable with the upstream's message, without its key", async () => {
    const task = await seed.runTask({ instruction: 'Say hello' });
    expect(task).toMatchObject({ status: 'failed', model: 'some/model', error: { code: 'llm_unavailable' } });
    expect(task.error?.message).toContain('the model is on fire');
    expect(JSON.stringify([task, await seed.events(task.id)])).not.toContain(UPSTREAM_KEY);
  });

  it('still serves scripted to a task that asks for it', async () => {
    const task = await seed.runTask({ instruction: '```bash\necho fine\n```', model: 'scripted' });
    expect(task).toMatchObject({ status: 'completed', stdout: 'fine', model: 'scripted' });
  });
});
