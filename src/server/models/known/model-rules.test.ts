import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readKeptTable, readModelsFile } from './model-rules.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'seed-models-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function file(content: unknown): Promise<string> {
  const path = join(folder, 'models.json');
  await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}

describe('SEED_MODELS_FILE', () => {
  test('says nothing where it is not set', async () => {
    expect((await readModelsFile(null))('m')).toEqual({});
  });

  test('the first pattern that says a thing counts, and sampling is put together', async () => {
    const rules = await readModelsFile(
      await file({
        models: {
          'qwen2.5-coder:1.5b': { toolCalls: 'text', sampling: { temperature: 0 } },
          'qwen*': { contextTokens: 8192, toolCalls: 'native', sampling: { temperature: 0.7, top_p: 0.8 } },
          '*': { outputTokens: 1000, price: { input: 1, output: 2 } },
        },
      }),
    );
    expect(rules('qwen2.5-coder:1.5b')).toEqual({
      contextTokens: 8192,
      outputTokens: 1000,
      toolCalls: 'text',
      sampling: { temperature: 0, top_p: 0.8 },
      price: { input: 1, output: 2 },
    });
    expect(rules('other')).toEqual({ outputTokens: 1000, price: { input: 1, output: 2 } });
  });

  test('a pattern without a slash is about the name behind the last one, too', async () => {
    const rules = await readModelsFile(
      await file({ models: { 'one*': { reasoning: true }, 'b/two': { tools: 'bash' } } }),
    );
    expect(rules('maker/one:free')).toEqual({ reasoning: true });
    expect(rules('b/two')).toEqual({ tools: 'bash' });
    expect(rules('a/two')).toEqual({});
  });

  test.each<[string, unknown, RegExp]>([
    ['is no JSON', '{', /is not JSON/],
    ['has an unknown field', { models: { m: { context: 1 } } }, /is not sound.*context/s],
    ['has a number that cannot be', { models: { m: { contextTokens: 0 } } }, /is not sound.*contextTokens/s],
    [
      'has a field that no request may have',
      { models: { m: { sampling: { store: true } } } },
      /is not sound.*store/s,
    ],
    ['has a pattern of many stars', { models: { [`a${'*a'.repeat(10)}`]: {} } }, /is not sound.*record/s],
    ['has no models', {}, /is not sound/],
  ])('a file that %s stops the start and says so', async (_what, content, message) => {
    const path = await file(content);
    await expect(readModelsFile(path)).rejects.toMatchObject({
      code: 'invalid_settings',
      message: expect.stringMatching(message),
    });
    await expect(readModelsFile(path)).rejects.toThrow(path);
  });

  test('a file that is not there stops it, too', async () => {
    await expect(readModelsFile('/nowhere/models.json')).rejects.toMatchObject({ code: 'invalid_settings' });
  });
});

describe('the kept table', () => {
  test.each<[string, object]>([
    [
      'gpt-5-mini',
      {
        contextTokens: 400_000,
        reasoning: true,
        maxTokensField: 'max_completion_tokens',
        sampling: { temperature: null },
      },
    ],
    ['openai/o3-mini', { reasoning: true, sampling: { temperature: null } }],
    ['gpt-4o-mini', { contextTokens: 128_000, outputTokens: 16_384 }],
    ['anthropic/claude-sonnet-4', { contextTokens: 200_000, outputTokens: 64_000 }],
    ['qwen/qwen3-coder:free', { contextTokens: 262_144, reasoning: false }],
    ['Qwen/Qwen3-30B-A3B-Instruct-2507', { contextTokens: 262_144, reasoning: false }],
    ['qwen3:8b', { reasoning: true, sampling: { temperature: 0.6 } }],
    ['deepseek-r1-distill-qwen-1.5b', { reasoning: true }],
    ['llama3.2', { tools: 'bash' }],
    ['phi4-mini', { tools: 'bash' }],
  ])('knows %s', async (model, facts) => {
    expect((await readKeptTable())(model)).toMatchObject(facts);
  });

  test('knows nothing of other names, and no model is named as a part of another', async () => {
    const table = await readKeptTable();
    expect(table('default')).toEqual({});
    expect(table('my-own-model')).toEqual({});
    expect(table('foo1')).toEqual({});
  });
});
