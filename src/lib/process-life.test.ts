// What nobody foresaw, in a process of its own.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';

const at = (name: string) => JSON.stringify(new URL(name, import.meta.url).href);
const PROGRAM = `
const { createLog } = await import(${at('./log.ts')});
const { logSurprises } = await import(${at('./process-life.ts')});
let done = () => {};
logSurprises(createLog('test', 'info'), async () => console.log('stopped in order'));
const work = new Promise((resolve) => { done = resolve; });
`;

async function run(surprise: string) {
  const child = spawn(process.execPath, ['--input-type=module', '-e', PROGRAM + surprise]);
  const [stdout, stderr, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'exit'),
  ]);
  return { stdout, stderr, code };
}

test('a rejection that nobody waits for is logged with its stack, and the rest goes on', async () => {
  const { stdout, stderr, code } = await run(`
    Promise.reject(new Error('no file descriptor'));
    setImmediate(() => setImmediate(done));
    await work;
    console.log('went on');
    process.exit(0);`);
  expect(JSON.parse(stderr)).toMatchObject({
    level: 50,
    err: { message: 'no file descriptor', stack: expect.stringContaining('at ') },
    msg: expect.stringContaining('a promise was rejected'),
  });
  expect([stdout, code]).toEqual(['went on\n', 0]);
});

test('an exception that nobody caught is logged, and the process stops in order', async () => {
  const { stdout, stderr, code } = await run(`
    setImmediate(() => { throw new Error('half done'); });
    await work;`);
  expect(JSON.parse(stderr)).toMatchObject({
    level: 60,
    err: { message: 'half done' },
    msg: expect.stringContaining('an exception that nobody caught'),
  });
  expect([stdout, code]).toEqual(['stopped in order\n', 1]);
});
