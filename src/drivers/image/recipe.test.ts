import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { readRecipe } from './recipe.ts';

const folder = await mkdtemp(join(tmpdir(), 'seed-recipe-'));
const file = join(folder, 'recipe.json');
afterAll(() => rm(folder, { recursive: true }));

async function recipeOf(content: unknown) {
  await writeFile(file, typeof content === 'string' ? content : JSON.stringify(content));
  return readRecipe(file);
}

test('is the same whatever the order, and holds the script itself', async () => {
  await writeFile(join(folder, 'setup.sh'), 'echo hi');
  const recipe = await recipeOf({
    packages: ['make', 'gcc', 'make'],
    npm: { zx: '8.1.0', '@scope/a': '1.0.0-rc.1' },
    setup: 'setup.sh',
  });
  expect(recipe.packages).toEqual(['gcc', 'make']);
  expect(Object.keys(recipe.npm)).toEqual(['@scope/a', 'zx']);
  expect(recipe.setup).toBe('echo hi');
  expect(await recipeOf({})).toEqual({ packages: [], npm: {}, setup: null });
});

test.each([
  ['no json', /not JSON/],
  [{ packages: ['--option'] }, /packages/],
  [{ npm: { zx: '^8.1.0' } }, /exact version/],
  [{ npm: { '../x': '1.0.0' } }, /npm/],
  [{ setup: 'missing.sh' }, /setup script/],
  [{ unknown: 1 }, /unknown/],
])('%j is refused', async (content, message) => {
  await expect(recipeOf(content)).rejects.toThrow(message);
});

test('a file that was named and is not there is an error', async () => {
  await expect(readRecipe(join(folder, 'none.json'))).rejects.toThrow(/none\.json/);
});
