// `seed` in a real sandbox: one task, whose agent runs one command after the other with a CLI that does what its
// arguments say. What it behaves like in detail is told by test/integration/cli-host.test.ts.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { setUp } from '../../src/drivers/set-up/set-up.ts';
import { cacheDirSetting } from '../../src/lib/settings.ts';
import { SeedError } from '../../src/protocol/errors.ts';
import { type RunnerSetUp, startFakeRunner } from '../fixtures/fake-runner.ts';
import { runs, says } from '../fixtures/fake-server.ts';
import { until } from '../fixtures/seed.ts';

const TASK_MS = 120_000;

/** What the agent runs, and what it must be told. */
const COMMANDS: Record<string, { script: string; prints: RegExp | string }> = {
  'one process runs all calls': {
    script: 'for i in 1 2 3; do seed pid; done | sort -u | wc -l',
    prints: '1',
  },
  'it is the agent, without capabilities': {
    script: 'stat -c %u /proc/$(seed pid); grep CapEff /proc/$(seed pid)/status',
    prints: /^1000\nCapEff:\s+0+$/,
  },
  'arguments, folder and environment': {
    script: `mkdir -p /tmp/a/b; cd /tmp/a/b; X='y z' seed tell '' 'ü b' | jq -c '[.args, .cwd, (.env | map(select(.[0] == "X")))]'`,
    prints: '[["tell","","ü b"],"/tmp/a/b",[["X","y z"]]]',
  },
  'one megabyte of arguments': {
    script: `a=$(head -c 100000 /dev/zero | tr '\\0' x); seed tell $a $a $a $a $a $a $a $a $a $a | jq '.args | length, (map(length) | add)'`,
    prints: '11\n1000004',
  },
  'pipes in and out': {
    script: `seq 100000 > n; cat n | seed sum; seed sum < n; seq 3 | while read i; do seed exit 0; done`,
    prints: '588895 bytes, sum 59162\n588895 bytes, sum 59162\nsaid before\nsaid before\nsaid before',
  },
  'large output, to one that is slow': {
    script: 'seed print 16 | (sleep 1; md5sum); seed print 16 | head -c 5 | wc -c',
    prints: '2cd59156ef8dfb51f715caae14bec9d3  -\n5',
  },
  'calls at a time': {
    script: `for i in 1 2 3 4 5 6; do seed "exit code" $i > said-$i & calls="$calls $!"; done
for call in $calls; do wait $call; echo $?; done; cat said-* | sort -u`,
    prints: '1\n2\n3\n4\n5\n6\nlater',
  },
  'a crash, an exit and an endless loop end no other call': {
    script: `(sleep 3; echo x) | seed sum > other & other=$!
seed loop > started & loop=$!
until [ -s started ]; do sleep 0.05; done
seed exit 7; echo $?
seed kill SIGKILL; echo $?
seed throw 2>&1 | grep -c 'thrown on purpose'
kill -INT $loop; wait $loop; echo $?
wait $other; cat other`,
    prints: /^said before\n7\nlast words\n(.*Killed.*\n)?137\n[12]\n130\n2 bytes, sum 3730$/,
  },
  'Ctrl-C': {
    script: 'seed catch > told & until [ -s told ]; do sleep 0.05; done; kill -INT $!; wait $!; echo $?; cat told',
    prints: '130\nwaiting\ncaught',
  },
  'a terminal': {
    script: `python3 - <<'END'
import os, pty
pid, fd = pty.fork()
if pid == 0: os.execvp('seed', ['seed', 'tell'])
seen = b''
while b'"terminals":[true,true,true]' not in seen: seen += os.read(fd, 1000)
os.waitpid(pid, 0)
pid, fd = pty.fork()
if pid == 0: os.execvp('seed', ['seed', 'wait'])
seen = b''
while b'waiting' not in seen: seen += os.read(fd, 1000)
os.write(fd, b'\\x03')
print(os.WTERMSIG(os.waitpid(pid, 0)[1]))
END`,
    prints: '2',
  },
  'a process that is killed while it waits is replaced': {
    script: 'kill -9 $(seed pid); seed exit 3; echo $?',
    prints: 'said before\n3',
  },
  'random numbers are of the kernel': { script: 'seed "random source"', prints: 'kernel kernel kernel' },
};

const dataDir = await mkdtemp(join(tmpdir(), 'seed-cli-'));
const ready = await setUp({ cacheDir: cacheDirSetting(), dataDir, onProgress: () => {} }).catch(
  (error: unknown) => {
    if (!(error instanceof SeedError) || error.code !== 'no_usable_driver') throw error;
    console.warn(`SKIPPED: ${error.message}`);
    return null;
  },
);
afterAll(() => rm(dataDir, { recursive: true, force: true }));

describe.skipIf(ready === null)('seed in a sandbox', () => {
  if (ready === null) return;
  let setting: RunnerSetUp;
  let told: string[] = [];
  beforeAll(async () => {
    setting = await startFakeRunner(Object.assign(ready.driver, { snapshot: ready.snapshot }));
    const { server } = setting;
    server.cli = await readFile(new URL('../fixtures/odd-cli.mjs', import.meta.url), 'utf8');
    server.llm = [...Object.values(COMMANDS).map(({ script }) => runs(`cd /tmp\n${script}`)), says('done')];
    const deadline = new Date(Date.now() + TASK_MS).toISOString();
    const { taskId } = server.queue({ timeoutMs: TASK_MS, leftMs: TASK_MS, deadline });
    const settlement = await until('the task is over', () => server.settlements.get(taskId), TASK_MS);
    expect(settlement).toMatchObject({ outcome: 'completed', stdout: 'done' });
    told = server.events.flatMap((event) => (event.type === 'tool_result' ? [event.output.trim()] : []));
  }, TASK_MS);
  afterAll(() => setting?.stop());

  test.each(Object.entries(COMMANDS))('%s', (name, { prints }) => {
    expect(told[Object.keys(COMMANDS).indexOf(name)]).toEqual(
      typeof prints === 'string' ? prints : expect.stringMatching(prints),
    );
  });
});
