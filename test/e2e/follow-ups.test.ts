// Conversations over several tasks, each in a sandbox of its own: what the agent knows, what it finds, what it costs.
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import { pack } from 'tar-stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ErrorBody } from '../../src/protocol/errors.ts';
import type { Task } from '../../src/protocol/task.ts';
import { rowsOf, type TestDatabase, testDatabase } from '../fixtures/database.ts';
import { type FollowingModel, startFollowingModel } from '../fixtures/following-model.ts';
import { bash, startSeed, type TestSeed, until } from '../fixtures/seed.ts';

let model: FollowingModel;
let database: TestDatabase;
let seed: TestSeed;
let folder: string;
beforeAll(async () => {
  model = await startFollowingModel();
  database = await testDatabase();
  folder = await mkdtemp(join(tmpdir(), 'seed-prices-'));
  const prices = {
    models: { patient: { input: 1, output: 2 } },
    compute: { vcpuSecond: 0.00002, gbSecond: 0.000003 },
  };
  await writeFile(join(folder, 'prices.json'), JSON.stringify(prices));
  seed = await startSeed({
    DATABASE_URL: database.databaseUrl,
    SEED_PRICES_FILE: join(folder, 'prices.json'),
    SEED_LLM_BASE_URL: model.baseUrl,
    SEED_LLM_API_KEY: 'sk-test',
    SEED_LLM_MODEL: 'patient',
    SEED_RUNNER_SLOTS: '3',
  });
});
afterAll(async () => {
  await seed?.remove();
  await model?.close();
  await database?.drop();
  await rm(folder, { recursive: true, force: true });
});

const EMPTY = '/workspace is empty: nobody asked for it to be kept.';

const goOn = (id: string, body: object, headers: Record<string, string> = { prefer: 'wait=60' }, key?: string) =>
  seed.call<{ task: Task } & ErrorBody>('POST', `/api/v1/tasks/${id}/continue`, {
    body,
    headers,
    ...(key !== undefined && { key }),
  });

async function follow(id: string, ...commands: string[]): Promise<Task> {
  const { status, body } = await goOn(id, { instruction: bash(...commands) });
  if (status >= 300) throw new Error(`${status} ${JSON.stringify(body)}`);
  return body.task;
}

describe('a conversation', () => {
  it('is known to the agent of each next task, with its calls and their answers', async () => {
    const first = await seed.runTask({ instruction: bash('echo forty-two'), scopes: ['keys:read', 'obs:read'] });
    expect(first).toMatchObject({
      status: 'completed',
      stdout: 'forty-two',
      continues: null,
      conversationId: first.id,
      notes: [],
    });
    const second = await follow(first.id, 'echo forty-three');
    expect(second).toMatchObject({
      status: 'completed',
      stdout: 'forty-three',
      stderr: null,
      continues: first.id,
      conversationId: first.id,
    });
    expect(second.keyId).toBe(first.keyId);
    expect(second.scopes.effective).toEqual(['keys:read', 'obs:read']);
    const third = await follow(second.id, 'echo forty-four');
    expect(third).toMatchObject({ stdout: 'forty-four', continues: second.id, conversationId: first.id });
    const said = model.lastMessages().map(({ role, content, tool_calls }) => {
      const text = JSON.stringify(content ?? null);
      return `${role} ${tool_calls === undefined ? text : JSON.stringify(tool_calls).match(/echo [a-z-]+/)?.[0]}`;
    });
    const told = `[You go on in a new sandbox, in which nothing runs any more of what you started before. ${EMPTY} What you may call now is what is listed at the top.]\n\n${bash('echo forty-four')}`;
    expect(said.slice(1)).toEqual([
      `user ${JSON.stringify(bash('echo forty-two'))}`,
      'assistant echo forty-two',
      'tool "forty-two\\n"',
      'assistant "forty-two"',
      `user ${JSON.stringify(bash('echo forty-three'))}`,
      'assistant echo forty-three',
      'tool "forty-three\\n"',
      'assistant "forty-three"',
      `user ${JSON.stringify([{ type: 'text', text: told }])}`,
      'assistant echo forty-four',
      'tool "forty-four\\n"',
    ]);
  });

  it('tells an agent of a call that was cut off, of how the task ended, and of scopes that it has no more', async () => {
    const first = await seed.postTask({
      instruction: bash('echo begun; sleep 600'),
      scopes: ['keys:read', 'obs:read'],
    });
    await seed.waitForEvent(first.id, ({ type }) => type === 'tool_output');
    const early = await goOn(first.id, { instruction: 'too early' });
    expect([early.status, early.body.error.code]).toEqual([409, 'conversation_busy']);
    await seed.call('POST', `/api/v1/tasks/${first.id}/stop`);
    const wider = await goOn(first.id, { instruction: 'more', scopes: ['keys:write'] });
    expect([wider.status, wider.body.error.code]).toEqual([403, 'not_allowed']);
    const { body } = await goOn(first.id, { instruction: 'And now?', scopes: ['keys:*'] });
    expect(body.task).toMatchObject({
      status: 'completed',
      scopes: { effective: ['keys:read'] },
      notes: ['The task before did not complete, it was stopped.', 'Not allowed any more: obs:read.', EMPTY],
    });
    expect(body.task.stdout).toContain(body.task.notes.join(' '));
    const answers = model.lastMessages().filter(({ role }) => role === 'tool');
    expect(JSON.stringify(answers)).toContain('it is not known what came of it');
  });

  it('has one next task for each, however many ask at once, and one for a repeated request', async () => {
    const first = await seed.runTask({ instruction: bash('echo one') });
    const headers = { 'idempotency-key': `again-${first.id}` };
    const [once, again, other] = await Promise.all([
      goOn(first.id, { instruction: bash('echo two') }, headers),
      goOn(first.id, { instruction: bash('echo two') }, headers),
      goOn(first.id, { instruction: bash('echo three') }, {}),
    ]);
    const winners = [once, again, other].filter(({ status }) => status === 202);
    const ids = new Set(winners.map(({ body }) => body.task.id));
    expect(ids.size).toBe(1);
    const losers = [once, again, other].filter(({ status }) => status !== 202);
    for (const { status, body } of losers) expect([status, body.error.code]).toEqual([409, 'conversation_busy']);
    const [next = ''] = ids;
    await until('it has ended', async () => (await seed.getTask(next)).completedAt !== null);
    const late = await goOn(first.id, { instruction: 'late' });
    expect([late.status, late.body.error.code]).toEqual([409, 'conflict']);
    expect(late.body.error.hint).toContain(next);
    const { body } = await seed.call<{ items: Task[] }>('GET', `/api/v1/tasks?conversationId=${first.id}`);
    expect(body.items.map(({ id }) => id)).toEqual([next, first.id]);
  });
});

const send = (id: string, text: string, headers: Record<string, string> = {}) =>
  seed.call<{ message: { id: string; note: string } } & ErrorBody>('POST', `/api/v1/tasks/${id}/messages`, {
    body: { text },
    headers,
  });

describe('a message to a running task', () => {
  it('is read at the next turn, once however often it is sent, and known to the task after it', async () => {
    const task = await seed.postTask({ instruction: bash('echo begun; sleep 4; echo over', 'echo second') });
    await seed.waitForEvent(task.id, ({ type }) => type === 'tool_output');
    const headers = { 'idempotency-key': `message-${task.id}` };
    const sent = await send(task.id, bash('echo steered'), headers);
    expect([sent.status, sent.body.message.note]).toEqual([202, expect.stringContaining('next turn')]);
    expect((await send(task.id, bash('echo steered'), headers)).body).toEqual(sent.body);
    const events = await seed.events(task.id);
    const told = events.filter(({ type }) => type === 'message' || type === 'tool_call');
    expect(told.map((event) => (event.type === 'tool_call' ? event.input['command'] : event.type))).toEqual([
      'echo begun; sleep 4; echo over',
      'message',
      'echo steered',
    ]);
    expect(events).toContainEqual(
      expect.objectContaining({ type: 'diagnostic', text: 'The agent reads a message.' }),
    );
    expect(await seed.getTask(task.id)).toMatchObject({ status: 'completed', stdout: 'steered', stderr: null });
    const late = await send(task.id, 'too late');
    expect([late.status, late.body.error.code]).toEqual([409, 'conflict']);
    expect(late.body.error.hint).toContain(`seed tasks continue ${task.id}`);
    expect((await follow(task.id, 'echo after')).stdout).toBe('after');
    const roles = model.lastMessages().map(({ role }) => role);
    expect(roles.slice(1)).toEqual([
      ...['user', 'assistant', 'tool', 'user', 'assistant', 'tool', 'assistant'],
      ...['user', 'assistant', 'tool'],
    ]);
  });
});

/** Until there is a key of this name, which the test makes while whatever it wants is so. */
const untilKey = (name: string) =>
  `until seed keys list 2>/dev/null | grep -q ${name}; do sleep 0.3; done; echo ${name}`;
const makeKey = (name: string) => seed.call('POST', '/api/v1/keys', { body: { name, scopes: ['keys:read'] } });

describe('messages while the server is killed', () => {
  it('are all read, once each and in their order', { timeout: 180_000 }, async () => {
    const task = await seed.postTask({ instruction: bash(untilKey('go-one'), untilKey('go-two')) });
    await seed.waitForEvent(task.id, ({ type }) => type === 'tool_call');
    const texts = ['before the kill', 'right before it', 'after it', 'later'];
    const tell = async (text = '') => {
      const headers = { 'idempotency-key': `${task.id}-${text.replaceAll(' ', '-')}` };
      // The second is sent into the kill: it is sent again until it is answered, as the CLI does.
      await until(
        'it is taken',
        async () => (await send(task.id, text, headers).catch(() => null))?.status === 202,
        60_000,
      );
    };
    await tell(texts[0]);
    const killed = tell(texts[1]);
    process.kill(seed.serverPid(), 'SIGKILL');
    await killed;
    await tell(texts[2]);
    await makeKey('go-one');
    await seed.waitForEvent(task.id, (event) => event.type === 'tool_result' && event.output.includes('go-one'));
    await tell(texts[3]);
    await makeKey('go-two');
    expect(await hasEnded(task.id)).toMatchObject({ status: 'completed', stdout: 'go-two' });
    const users = model.lastMessages().filter(({ role }) => role === 'user');
    const read = users.map(({ content }) => (typeof content === 'string' ? content : content?.[0]?.['text']));
    expect(read).toEqual([task.instruction, ...texts]);
  });
});

/** Of the folder that a task leaves, in the order of their names: kind, rights, owner, link. */
const LIST =
  "cd /workspace && find . -mindepth 1 -path ./out -prune -o -mindepth 1 -printf '%p %y %m %U %l\\n' | sort";
const lines = (task: Task) =>
  (task.stdout ?? '')
    .trim()
    .split('\n')
    .map((line) => line.trimEnd());
const keep = { workspace: true, for: '1d' };
const blobIdOf = (row: Record<string, unknown> | undefined) =>
  String((row?.['workspace'] as { blobId?: string } | undefined)?.blobId);
const blobs = async () => (await readdir(join(seed.dataDir, 'artifacts'))).filter((name) => name !== 'incoming');

describe('a workspace that is kept', () => {
  it('is found by the next task as its agent’s own, without what leads out of it', async () => {
    const first = await seed.runTask({
      instruction:
        bash(`cd /workspace && mkdir -p src/deep out && echo kept > src/deep/a.txt && chmod 4755 src/deep/a.txt
ln -s deep/a.txt src/link && ln src/deep/a.txt src/hard && ln -s /etc/passwd absolute && ln -s ../../etc src/out
mkfifo pipe && echo mine > .seed-not-kept && mkdir -m 500 closed && echo of-out > out/o.txt && echo done`),
      keep,
    });
    expect(first).toMatchObject({ status: 'completed', stdout: 'done', keep: { workspace: true, for: '1d' } });
    expect(first.workspace).toMatchObject({ madeBy: first.id, size: expect.any(Number) });
    expect(first.stderr).toContain('2 links or names that lead out of it');
    expect(first.stderr).toContain('1 entries that are neither files');
    const next = await follow(first.id, `${LIST}; cat /workspace/src/link /workspace/out/o.txt`);
    expect(lines(next)).toEqual([
      './closed d 700 1000',
      './src d 755 1000',
      './src/deep d 755 1000',
      './src/deep/a.txt f 755 1000',
      './src/hard f 755 1000',
      './src/link l 777 1000 deep/a.txt',
      'kept',
      'of-out',
    ]);
    expect(next.notes).toEqual(['/workspace is as the task before left it.']);
    expect(model.requests.some(({ body }) => JSON.stringify(body).includes('lead out of it'))).toBe(true);
    // The file of before is there again, and so is an artifact of this task.
    expect(next.artifacts.map(({ name }) => name)).toEqual(['o.txt']);
  });

  it('is unpacked without harm, whoever made its archive', async () => {
    const first = await seed.runTask({ instruction: bash('echo x > /workspace/x'), keep });
    const archive = pack();
    archive.entry({ name: 'good.txt' }, 'good');
    archive.entry({ name: '/etc/absolute' }, 'bad');
    archive.entry({ name: '../../etc/dots' }, 'bad');
    archive.entry({ name: 'in/planted' }, 'bad');
    archive.entry({ name: 'etc', type: 'symlink', linkname: '/etc' });
    archive.entry({ name: 'etc/through' }, 'bad');
    archive.entry({ name: 'up', type: 'symlink', linkname: 'a/../../..' });
    archive.entry({ name: 'hard', type: 'link', linkname: '/etc/passwd' });
    archive.entry({ name: 'device', type: 'character-device', devmajor: 1, devminor: 5 });
    archive.entry({ name: 'suid', mode: 0o6755, uid: 0, gid: 0 }, 'bad');
    archive.entry({ name: 'out', type: 'symlink', linkname: 'good.txt' });
    archive.finalize();
    const bytes = gzipSync(await buffer(archive));
    const [row] = await rowsOf(
      database.databaseUrl,
      `update tasks set workspace = workspace || '{"size": ${bytes.length}}' where id = '${first.id}' returning workspace`,
    );
    await writeFile(join(seed.dataDir, 'artifacts', blobIdOf(row)), bytes);
    const next = await follow(
      first.id,
      `${LIST}; ls -d /workspace/in /etc/absolute /etc/dots /etc/through 2>&1 | grep -vc 'No such file'; stat -c %F /workspace/out`,
    );
    // What was to go through a link lies in a folder of its own.
    expect(lines(next)).toEqual([
      './etc d 755 1000',
      './etc/through f 644 1000',
      './good.txt f 644 1000',
      './suid f 755 1000',
      ...['0', 'directory'],
    ]);
    expect(
      (await seed.events(next.id)).flatMap((event) => (event.type === 'diagnostic' ? event.text : [])),
    ).toEqual([
      'Not kept of /workspace: 5 links or names that lead out of it, such as "/etc/absolute".',
      'Not kept of /workspace: 1 entries that are neither files, folders nor links, such as "device".',
      'Not kept of /workspace: 1 entries whose place was taken, such as "out".',
    ]);
  });

  it('that is broken, or gone, is told to caller and agent, and the task goes on', async () => {
    const first = await seed.runTask({ instruction: bash('head -c 100000 /dev/urandom > /workspace/x'), keep });
    const [row] = await rowsOf(database.databaseUrl, `select workspace from tasks where id = '${first.id}'`);
    const size = first.workspace?.size ?? 0;
    await writeFile(join(seed.dataDir, 'artifacts', blobIdOf(row)), Buffer.alloc(size, 7));
    const broken = await follow(first.id, 'ls /workspace');
    expect(broken).toMatchObject({ status: 'completed', stdout: 'out' });
    expect(JSON.stringify(await seed.events(broken.id))).toContain('what was kept is damaged');
    await rowsOf(
      database.databaseUrl,
      `update tasks set workspace_until = now() - interval '1 second' where id = '${broken.id}'`,
    );
    expect((await follow(broken.id, 'ls /workspace')).notes).toEqual([
      '/workspace is empty: what was in it is not kept any more.',
    ]);
  });

  it('is one blob for tasks that leave the same, and none for one that nobody asked to keep it', async () => {
    const before = new Set(await blobs());
    const first = await seed.runTask({ instruction: bash('echo same > /workspace/same'), keep });
    const [made = '', ...more] = (await blobs()).filter((name) => !before.has(name));
    expect(more).toEqual([]);
    const same = await follow(first.id, 'cat /workspace/same');
    expect(same.workspace).toMatchObject({ madeBy: same.id, sha256: first.workspace?.sha256 });
    expect((await blobs()).filter((name) => !before.has(name))).toEqual([made]);
    const other = await goOn(same.id, {
      instruction: bash('echo other > /workspace/same'),
      keep: { workspace: false },
    });
    expect(other.body.task).toMatchObject({ keep: null, workspace: { madeBy: same.id } });
    expect((await follow(other.body.task.id, 'cat /workspace/same')).notes).toEqual([
      '/workspace is as it was before the last task: what that changed there is lost.',
    ]);
    const plain = await seed.runTask({ instruction: bash('echo plain > /workspace/plain') });
    expect(plain).toMatchObject({ keep: null, workspace: null });
    expect((await follow(plain.id, 'ls /workspace')).notes).toEqual([EMPTY]);
  });
});

describe('thirty turns over three sandboxes', () => {
  it('end with the right file, and cost what their tasks cost together', async () => {
    const turns = (from: number) =>
      Array.from(
        { length: 10 },
        (_, turn) => `echo line ${from + turn} >> /workspace/out/lines.txt; tail -1 /workspace/out/lines.txt`,
      );
    const first = await seed.runTask({
      instruction: bash(...turns(1)),
      keep,
      files: [{ name: 'given.txt', content: 'Z2l2ZW4=' }],
    });
    const second = await follow(first.id, ...turns(11));
    const third = await follow(second.id, ...turns(21), 'cat /workspace/in/given.txt');
    expect([first, second, third].map(({ stdout }) => stdout)).toEqual(['line 10', 'line 20', 'given']);
    const path = `/api/v1/tasks/${third.id}/artifacts/content?name=lines.txt`;
    const response = await fetch(seed.url + path, { headers: { authorization: `Bearer ${seed.adminKey}` } });
    expect(await response.text()).toBe(Array.from({ length: 30 }, (_, turn) => `line ${turn + 1}\n`).join(''));
    const tasks = await Promise.all([first, second, third].map(({ id }) => seed.getTask(id)));
    expect(tasks.map(({ used }) => used.calls)).toEqual([11, 11, 12]);
    const { body } = await seed.call<{ items: { group: string; total: number; modelCalls: number }[] }>(
      'GET',
      '/api/v1/obs/costs?by=task&limit=100',
    );
    const billed = body.items.filter(({ group }) => tasks.some(({ id }) => id === group));
    expect(billed.map(({ modelCalls }) => modelCalls).sort()).toEqual([11, 11, 12]);
    const sum = (amounts: number[]) => amounts.reduce((all, one) => all + one, 0);
    const costs = sum(tasks.map(({ cost }) => cost.total));
    expect(costs).toBeGreaterThan(0);
    expect(sum(billed.map(({ total }) => total))).toBeCloseTo(costs, 8);
  });
});

/** Takes so long to keep that there is time for a crash before it is kept. */
const LARGE = 'head -c 40000000 /dev/urandom > /workspace/large; sha256sum < /workspace/large';
const saysIt = async (id: string) => seed.waitForEvent(id, ({ type }) => type === 'text');
const hasEnded = (id: string) =>
  until(
    'the task has ended',
    async () => {
      const task = await seed.getTask(id).catch(() => null);
      return task !== null && task.completedAt !== null && task;
    },
    60_000,
  );

describe('a kill between the answer and the keeping', () => {
  it('of the server costs nothing', async () => {
    const { id } = await seed.postTask({ instruction: bash(LARGE), keep });
    await saysIt(id);
    process.kill(seed.serverPid(), 'SIGKILL');
    const task = await hasEnded(id);
    expect(task).toMatchObject({ status: 'completed', stderr: null, workspace: { madeBy: id } });
    const next = await follow(id, 'sha256sum < /workspace/large');
    expect([next.stdout, next.notes]).toEqual([task.stdout, ['/workspace is as the task before left it.']]);
  });

  it('of the runner loses what was to be kept, which is told, and nothing of what was said', async () => {
    const { id } = await seed.postTask({ instruction: bash(LARGE), keep });
    await saysIt(id);
    process.kill(seed.runnerPid(), 'SIGKILL');
    const task = await hasEnded(id);
    expect(task).toMatchObject({ status: 'failed', error: { code: 'interrupted' }, workspace: null });
    const next = await follow(id, 'ls /workspace');
    expect(next).toMatchObject({ status: 'completed', stdout: 'out' });
    expect(next.notes).toEqual([
      expect.stringMatching(/^The task before did not complete, it failed: /),
      '/workspace is empty: the task before could not keep it, or did not come to the point.',
    ]);
    expect(JSON.stringify(model.lastMessages())).toContain(task.stdout?.slice(0, 64));
  });
});
