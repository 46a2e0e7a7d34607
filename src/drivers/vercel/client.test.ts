import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const SELECT = new URL('../set-up/set-up.ts', import.meta.url).href;
const CLIENT = new URL('client.ts', import.meta.url).href;

/** How many modules of the vendor's are loaded by what it imports, and how many in all. */
async function loadedBy(program: string): Promise<{ vendors: number; all: number }> {
  const script = `import { registerHooks } from 'node:module';
    const seen = [];
    registerHooks({ load: (url, context, next) => (seen.push(url), next(url, context)) });
    ${program}
    console.log(JSON.stringify({ vendors: seen.filter((url) => url.includes('@vercel/')).length, all: seen.length }));`;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script]);
  return JSON.parse(stdout) as { vendors: number; all: number };
}

it('is loaded by nobody who has no sandboxes there', async () => {
  const usual = await loadedBy(`await import('${SELECT}');`);
  expect(usual.vendors).toBe(0);
  expect(usual.all).toBeGreaterThan(50);
  const open = `const { openVercel } = await import('${CLIENT}'); await openVercel({ credentials: null, apiUrl: null });`;
  expect((await loadedBy(open)).vendors).toBeGreaterThan(0);
}, 30_000);
