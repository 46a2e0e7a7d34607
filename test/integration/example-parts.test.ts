// What the examples promise beyond their one run (test/e2e/examples.test.ts): receivers that believe nobody, clients
// and scripts that lose and repeat nothing when connections break, in any POSIX shell, and a workflow that fits.
import { spawn, spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { newWebhookSecret, webhookHeaders } from '../../src/lib/standard-webhooks.ts';
import { docBlocks } from '../fixtures/doc-blocks.ts';
import { processesNaming } from '../fixtures/seed.ts';

const ROOT = new URL('../../', import.meta.url).pathname;
const FOLDER = join(ROOT, 'examples');
const EXAMPLES = readdirSync(FOLDER).filter((name) => /^\d\d-/.test(name));
const load = (path: string) => import(new URL(`../../examples/${path}`, import.meta.url).href);
/** A screen: lines that are neither empty nor nothing but a comment. */
const LONGEST = 70;

type Listening = AsyncDisposable & { url: string };
async function listen(handler: RequestListener): Promise<Listening> {
  const server = createServer(handler).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

describe('the folder', () => {
  it('is listed in its README, in the order of learning', () => {
    const readme = readFileSync(join(FOLDER, 'README.md'), 'utf8');
    const listed = [...readme.matchAll(/^\| \[(\d\d) [^\]]+\]\((\d\d-[\w-]+)\)/gm)];
    expect(listed.map(([, , folder]) => folder)).toEqual(EXAMPLES);
    for (const [, number = '', folder = ''] of listed) expect(folder.startsWith(number)).toBe(true);
    expect(EXAMPLES.map((name) => Number(name.slice(0, 2)))).toEqual(EXAMPLES.map((_, index) => index + 1));
  });

  const files = EXAMPLES.flatMap((name) =>
    readdirSync(join(FOLDER, name), { recursive: true, encoding: 'utf8' }).map((file) => join(name, file)),
  );

  it('has no Windows line end, in scripts and pages', () => {
    const texts = files.filter((file) => /\.\w+$/.test(file));
    expect(texts.length).toBeGreaterThan(30);
    expect(texts.filter((file) => readFileSync(join(FOLDER, file), 'utf8').includes('\r'))).toEqual([]);
  });

  it('says how a key gets into the environment and into no history', () => {
    const [block, ...more] = docBlocks('../examples/README.md').filter(({ language }) => language === 'sh');
    expect(more).toEqual([]);
    const options = { input: 'sk_live_1\n', encoding: 'utf8' as const };
    expect(spawnSync('sh', ['-c', `${block?.text}\nprintenv SEED_API_KEY`], options).stdout).toBe('sk_live_1\n');
  });

  it('has files of a screen each', () => {
    const long = files
      .filter((file) => /\.(sh|[mc]?[jt]s|py|ya?ml)$/.test(file))
      .map((file) => [file, codeLines(readFileSync(join(FOLDER, file), 'utf8'))] as const)
      .filter(([, lines]) => lines > LONGEST);
    expect(long).toEqual([]);
  });
});

const codeLines = (source: string) =>
  source
    .replaceAll(/^\s*("""|\/\*\*)[\s\S]*?("""|\*\/)\n/gm, '')
    .split('\n')
    .filter((line) => line.trim() !== '' && !/^\s*(\/\/|#)/.test(line)).length;

describe('the workflow of the CI job', () => {
  const workflow = parse(readFileSync(join(FOLDER, '10-a-ci-job/workflow.yml'), 'utf8'));
  const steps: Record<string, unknown>[] = workflow.jobs.notes.steps;

  it('runs the script that the example runs, which is there', () => {
    const readme = readFileSync(join(FOLDER, '10-a-ci-job/README.md'), 'utf8');
    const [script, ...more] = steps.flatMap(({ run }) => (typeof run === 'string' ? [run] : []));
    expect(more).toEqual([]);
    const [, shell, file, task, , input] = /^(sh) (\S+) (\S+) (\S+) (\S+)$/.exec(script ?? '') ?? [];
    expect(shell).toBe('sh');
    expect(readme).toContain(`sh ${file} ${task} `);
    for (const path of [file, task, input]) expect(readFileSync(join(ROOT, path ?? ''), 'utf8')).not.toBe('');
  });

  it('puts nothing of others into its script, and may do little', () => {
    expect(JSON.stringify(steps.map(({ run }) => run))).not.toContain('${{');
    expect(workflow.permissions).toEqual({ contents: 'read' });
    // YAML 1.1 reads `on` as true; whoever loads it so finds no trigger.
    expect(Object.keys(workflow.on)).toEqual(['workflow_dispatch', 'release']);
    expect(steps.at(-1)).toMatchObject({ if: 'always()', with: { path: 'artifacts' } });
  });
});

describe('the receiver of webhooks', async () => {
  const { verify } = await load('04-a-webhook-receiver/verify.mjs');
  const { receiver } = await load('04-a-webhook-receiver/receiver.mjs');
  const secret = newWebhookSecret();
  const body = '{"type":"task.completed","data":{"taskId":"ä"}}';
  const signed = (secrets = [secret], at = Date.now(), id = 'evt_1') =>
    webhookHeaders(secrets, id, new Date(at), body);

  it('believes what Seed signs, during a rotation as well', () => {
    expect(verify(secret, signed(), body)).toEqual(JSON.parse(body));
    expect(verify(secret, signed(), Buffer.from(body))).toEqual(JSON.parse(body));
    expect(verify(secret, signed([newWebhookSecret(), secret]), body)).not.toBeNull();
  });

  it.each<[string, Record<string, unknown>, string]>([
    ['another body', signed(), body.replace('completed', 'failed')],
    ['the same JSON, written otherwise', signed(), JSON.stringify(JSON.parse(body), null, 1)],
    ['another secret', signed([newWebhookSecret()]), body],
    ['another id', { ...signed(), 'webhook-id': 'evt_2' }, body],
    ['an old one', signed([secret], Date.now() - 600_000), body],
    ['one of the future', signed([secret], Date.now() + 600_000), body],
    [
      'an old one with a new time',
      { ...signed([secret], 0), 'webhook-timestamp': String(Date.now() / 1000) },
      body,
    ],
    ['a time that is none', { ...signed(), 'webhook-timestamp': 'now' }, body],
    ['no signature', { 'webhook-id': 'evt_1', 'webhook-timestamp': String(Date.now() / 1000) }, body],
    ['an empty signature', { ...signed(), 'webhook-signature': 'v1,' }, body],
    [
      'another version',
      { ...signed(), 'webhook-signature': signed()['webhook-signature']?.replace('v1', 'v2') },
      body,
    ],
    ['letters that are no base64', { ...signed(), 'webhook-signature': 'v1,é v1,\u0000 , v1' }, body],
    ['no headers', {}, body],
  ])('believes no %s', (_, headers, raw) => {
    expect(verify(secret, headers, raw)).toBeNull();
  });

  it('takes each event once, has a failed one sent again, and reads no more than it must', async () => {
    const taken: string[] = [];
    let failing = true;
    await using server = await listen(
      receiver(secret, ({ type }: { type: string }) => {
        if (failing) throw new Error('the database is away');
        taken.push(type);
      }),
    );
    const post = async (headers: Record<string, string>, content = body) =>
      (await fetch(server.url, { method: 'POST', headers, body: content })).status;
    const quiet = console.error;
    console.error = () => undefined;
    expect(await post(signed())).toBe(500);
    console.error = quiet;
    failing = false;
    expect([await post(signed()), await post(signed())]).toEqual([204, 204]);
    expect(taken).toEqual(['task.completed']);
    expect(await post(signed([newWebhookSecret()], Date.now(), 'evt_9'))).toBe(401);
    expect(await post(signed(), 'x'.repeat(300_000))).toBe(413);
  });
});

describe('the bot of the chat', async () => {
  const { approvalBot } = await load('09-approvals-in-a-chat/bot.mjs');
  const webhookSecret = newWebhookSecret();

  async function startBot(decide: (id: string, decision: string) => Promise<string>) {
    const said: string[] = [];
    let handler: RequestListener = () => undefined;
    const server = await listen((request, response) => handler(request, response));
    const { url } = server;
    handler = approvalBot({
      url,
      webhookSecret,
      linkSecret: 'of this test',
      decide,
      say: async (line: string) => said.push(line),
    });
    const data = {
      approvalId: '5b1c2f0e-8f0a-4b51-9d0b-2f6f3c1a7e55',
      summary: 'Mail to <!channel> <https://evil.example|all> & co',
      reason: 'a limit',
      expiresAt: '2026-12-01T00:00:00Z',
    };
    const body = JSON.stringify({ type: 'task.approval_requested', data });
    const headers = webhookHeaders([webhookSecret], 'evt_1', new Date(), body);
    expect((await fetch(`${url}/hooks`, { method: 'POST', headers, body })).status).toBe(204);
    const link = (word: string) => new RegExp(`^${word}: (\\S+)$`, 'm').exec(said.join())?.[1] ?? '';
    return { ...server, said, yes: link('Yes'), no: link('No') };
  }

  it('says what is asked as plain text, and decides by a click, not by a look', async () => {
    const decided: string[][] = [];
    await using bot = await startBot(async (...how) => `${decided.push(how)} <i>done</i>`);
    const { said, yes, no } = bot;
    expect(said.join()).toContain('Mail to &lt;!channel&gt; &lt;https://evil.example|all&gt; &amp; co');
    for (const method of ['GET', 'HEAD', 'OPTIONS']) expect((await fetch(yes, { method })).status).toBe(200);
    expect(decided).toEqual([]);
    const answer = await fetch(no, { method: 'POST' });
    expect(await answer.text()).toBe('It is 1 &lt;i&gt;done&lt;/i&gt;.');
    expect(answer.headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(decided).toEqual([['5b1c2f0e-8f0a-4b51-9d0b-2f6f3c1a7e55', 'deny']]);
  });

  it('takes no link that it has not made, and says what Seed refuses', async () => {
    await using bot = await startBot(async () => {
      throw new Error('approval_decided: somebody was first');
    });
    const { url, yes, no } = bot;
    const other = no.replace('/deny/', '/approve/');
    for (const link of [other, `${yes.slice(0, -2)}AA`, yes.slice(0, -3), `${url}/approve/1/x`, `${url}/`])
      expect((await fetch(link, { method: 'POST' })).status, link).toBe(404);
    const late = await fetch(yes, { method: 'POST' });
    expect([late.status, await late.text()]).toEqual([409, 'approval_decided: somebody was first']);
  });
});

describe('a Seed that goes away in between', () => {
  const ID = '56bcba9b-3f0e-4d5c-8a52-0d3d1c9a7e11';
  const TASK = `{"task":{"id":"${ID}","status":"completed","stdout":"done","stderr":null,"exitCode":0,"inputTokens":1}}`;
  const EVENTS = [
    { type: 'status', status: 'queued', phase: null },
    { type: 'tool_call', input: { command: 'one "status":"completed"' } },
    { type: 'tool_call', input: { command: 'two ä' } },
    { type: 'status', status: 'completed', phase: null },
  ].map((event, index) => ({ ...event, seq: index + 1, at: '2026-11-30T05:49:43.769Z' }));

  /** Answers the first post 503, and breaks off the first two streams within a line. */
  async function startFlaky(key: string) {
    const posts: IncomingHttpHeaders[] = [];
    const shown: string[] = [];
    let streams = 0;
    const server = await listen(async (request, response) => {
      const { pathname, searchParams } = new URL(request.url ?? '', 'http://seed');
      await text(request);
      if (pathname.endsWith('/tasks/run')) {
        posts.push(request.headers);
        shown.push(...(await processesNaming(key)).map(({ commandLine }) => commandLine));
        if (posts.length === 1) return response.writeHead(503).end('<html>a proxy</html>');
        return response.writeHead(202).end(TASK);
      }
      if (pathname.endsWith('/artifacts')) return response.end('{"items":[]}');
      if (!pathname.endsWith('/events')) return response.end(TASK);
      const after = Number(request.headers['last-event-id'] ?? searchParams.get('after'));
      const sse = request.headers.accept === 'text/event-stream';
      const lines = EVENTS.filter(({ seq }) => seq > after).map((event) =>
        sse
          ? `: keep-alive\n\nid: ${event.seq}\ndata: ${JSON.stringify(event)}\n\n`
          : `${JSON.stringify(event)}\n`,
      );
      streams += 1;
      if (streams > 2) return response.end(lines.join('') + (sse ? 'event: end\ndata: {}\n\n' : ''));
      // One event and most of the next, within a character even.
      const next = Buffer.from(lines[1] ?? '');
      response.write(
        Buffer.concat([Buffer.from(lines[0] ?? ''), next.subarray(0, next.indexOf('\u00e4') + 1 || 40)]),
      );
      setImmediate(() => response.destroy());
    });
    return { ...server, posts, shown };
  }

  async function runExample(command: string, args: string[], { url, key }: { url: string; key: string }) {
    const child = spawn(command, args, {
      cwd: ROOT,
      env: {
        ...process.env,
        SEED_API_URL: url,
        SEED_API_KEY: key,
        NO_PROXY: '127.0.0.1',
        PYTHONDONTWRITEBYTECODE: '1',
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const [stdout, stderr, [code]] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      once(child, 'close'),
    ]);
    return { code: code as number, stdout, stderr };
  }

  const artifacts = join(tmpdir(), `seed-example-artifacts-${process.pid}`);
  const handOver = (shell: string) => [
    'examples/10-a-ci-job/hand-over.sh',
    'examples/10-a-ci-job/task.json',
    join(artifacts, shell),
  ];
  const cases: [string, string, string[]][] = [
    ['02 by sh', 'sh', ['examples/02-follow-a-task/run.sh']],
    ['02 by bash', 'bash', ['--posix', 'examples/02-follow-a-task/run.sh']],
    ['02 by busybox', 'busybox', ['sh', 'examples/02-follow-a-task/run.sh']],
    ['10 by sh', 'sh', handOver('sh')],
    ['10 by busybox', 'busybox', ['sh', ...handOver('busybox')]],
    ['12', process.execPath, ['examples/12-a-typescript-client/run.ts']],
    ['13', 'python3', ['examples/13-a-python-client/run.py']],
  ];
  for (const [name, command, args] of cases) {
    const isThere = spawnSync(command, [command === 'busybox' ? 'true' : '--version']).error === undefined;
    if (!isThere) console.warn(`SKIPPED: ${name}, since there is no ${command}`);
    it.skipIf(!isThere).concurrent(`is no matter to ${name}`, async () => {
      const key = `sk_live_${randomUUID()}`;
      await using flaky = await startFlaky(key);
      const { url, posts, shown } = flaky;
      const { stdout, stderr } = await runExample(command, args, { url, key });
      expect(posts.length, stderr).toBeGreaterThanOrEqual(2);
      expect(new Set(posts.slice(0, 2).map((headers) => headers['idempotency-key'])).size).toBe(1);
      expect(posts.map(({ authorization }) => authorization)).toEqual(posts.map(() => `Bearer ${key}`));
      expect(shown, 'the key is in no argument, which others of the machine can list').toEqual([]);
      expect(stdout, stderr).toMatch(/completed/);
      for (const { seq } of EVENTS) {
        const told = /^(12|13)/.test(name)
          ? new RegExp(`^${seq} `, 'gm')
          : new RegExp(`"seq":${seq},"at":"[^"]+"}$`, 'gm');
        expect([...stdout.matchAll(told)], `event ${seq} of\n${stdout}`).toHaveLength(1);
      }
    });
  }
  it('leaves nothing behind', () => rmSync(artifacts, { recursive: true, force: true }));
});
