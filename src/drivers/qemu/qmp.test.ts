import { createInterface } from 'node:readline';
import { duplexPair, PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { openQmp, readLines } from './qmp.ts';

/** QEMU's end: greets, accepts every command but `bad`, and tells how a migration went. */
function fakeQemu(status: string) {
  const [ours, theirs] = duplexPair();
  const say = (message: object) => {
    if (!theirs.writableEnded) theirs.write(`${JSON.stringify(message)}\r\n`);
  };
  const commands: string[] = [];
  createInterface({ input: theirs }).on('line', (line) => {
    const { execute } = JSON.parse(line) as { execute: string };
    commands.push(execute);
    if (execute === 'bad') return say({ error: { class: 'GenericError', desc: 'not like this' } });
    say({ return: {} });
    if (execute.startsWith('migrate') && !execute.includes('capabilities')) {
      say({ event: 'MIGRATION', data: { status: 'setup' } });
      say({ event: 'MIGRATION', data: { status } });
    }
  });
  say({ QMP: { version: {} } });
  return { ours, theirs, commands };
}

test('keeps the memory in its file and waits for the end of a migration', async () => {
  const { ours, commands } = fakeQemu('completed');
  const qmp = await openQmp(ours);
  await qmp.migrate('migrate', '/out/state');
  expect(commands).toEqual(['qmp_capabilities', 'migrate-set-capabilities', 'migrate']);
});

test('a refused command, a failed migration and the end of QEMU are errors', async () => {
  const { ours, theirs } = fakeQemu('failed');
  const qmp = await openQmp(ours);
  await expect(qmp.execute('bad')).rejects.toThrow('QEMU: not like this');
  await expect(qmp.migrate('migrate-incoming', '/files/state')).rejects.toThrow('cannot be moved');
  theirs.end();
  await expect(qmp.execute('cont')).rejects.toThrow('QEMU: it has ended');
});

test('puts lines together from chunks', async () => {
  const source = new PassThrough();
  const lines: string[] = [];
  readLines(source, (line) => lines.push(line));
  source.write('star');
  source.write('ted\nexited 0\nrest');
  source.end();
  await source.toArray().catch(() => []);
  expect(lines).toEqual(['started', 'exited 0']);
});

test('stops at a line without end', async () => {
  const source = new PassThrough();
  readLines(source, () => {});
  source.write('x'.repeat(100_000));
  await expect.poll(() => source.isPaused()).toBe(true);
});
