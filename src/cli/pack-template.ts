// What `seed packs new` writes. A test runs it as it is.

/** @returns the text of each file, by its name in the pack's folder */
export function packTemplate(name: string): Record<string, string> {
  return { 'pack.ts': packFile(name), [`${name}.test.ts`]: testFile(name) };
}

function packFile(name: string): string {
  return `// The commands of ${name}.
import { defineCommand, definePack, z } from 'seed/pack';

const hello = defineCommand({
  name: '${name} hello',
  summary: 'Greet somebody',
  http: 'GET /${name}/hello/{who}',
  scope: '${name}:read',
  effect: 'read',
  input: z.object({ who: z.string().min(1).max(100).describe('Whom to greet') }),
  output: z.object({ greeting: z.string() }),
  examples: ['seed ${name} hello world'],
  run: async ({ who }, { account }) => ({ greeting: \`Hello \${who}, from \${account.name}\` }),
});

export const pack = definePack({
  name: '${name}',
  title: '${name}',
  commands: [hello],
});
`;
}

function testFile(name: string): string {
  return `// The commands of ${name}, called as the server calls them.
import { openPack } from 'seed/testing';
import { expect, it } from 'vitest';

it('greets somebody', async () => {
  await using pack = await openPack(new URL('./pack.ts', import.meta.url));
  expect(await pack.call('${name} hello', { who: 'world' })).toEqual({ greeting: 'Hello world, from test' });
  await expect(pack.call('${name} hello', { who: '' })).rejects.toMatchObject({ code: 'invalid_input' });
});
`;
}
