// Following tasks with the CLI, run as a child process against a server that answers as Seed does.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Cli, handedOutCli } from '../fixtures/cli-process.ts';
import {
  type CliServer,
  EVENTS,
  manifest,
  sendEvents,
  sendJson,
  startCliServer,
  TASK_ID,
  taskInStatus,
} from '../fixtures/cli-server.ts';

const RUN = 'POST /api/v1/tasks/run';
const GET = `GET /api/v1/tasks/${TASK_ID}`;
const STREAM = `${GET}/events`;

let server: CliServer;
let cli: Cli;

beforeEach(async () => {
  server = await startCliServer();
  cli = await handedOutCli(manifest, { SEED_API_URL: server.url });
  server.on(RUN, (response) =>
    sendJson(response, 202, {
      task: taskInStatus('queued', {
        statusNote: 'no runner is up',
        modelNote: 'no language\u001b[5m model',
      }),
    }),
  );
});
afterEach(async () => {
  await cli.remove();
  await server.close();
});

function endsAs(status: string, changes: Record<string, unknown> = {}) {
  server.on(GET, (response) => sendJson(response, 200, { task: taskInStatus(status, changes) }));
  server.on(STREAM, (response) => {
    sendEvents(response, EVENTS);
    response.end();
  });
}

describe('tasks run', () => {
  it('shows the steps on stderr and the answer on stdout', async () => {
    endsAs('completed', { stdout: '9 keys\u001b[5m found' });
    const { code, stdout, stderr } = await cli.run([
      'tasks',
      'run',
      'Count the keys',
      '--metadata',
      'team=ops',
      '--metadata',
      'a=b=c',
      '--budget',
      '{"calls": 3}',
    ]);
    expect({ code, stdout }).toEqual({ code: 0, stdout: '9 keys found\n' });
    expect(stderr.split('\n')).toEqual([
      `task ${TASK_ID} queued: no runner is up`,
      'no language model',
      '● running (working)',
      'I will look.',
      '$ seed keys list',
      '    → seed keys list read 200 4 ms',
      '    one',
      '    two',
      '● completed',
      `completed in 1.5 s · 120 tokens in, 30 out · 0.0010 USD`,
      '',
    ]);
    expect(server.received[0]?.body).toEqual({
      instruction: 'Count the keys',
      metadata: { team: 'ops', a: 'b=c' },
      budget: { calls: 3 },
    });
  });

  it('prints an answer as a value alone, what was said beside it on stderr', async () => {
    endsAs('completed', { stdout: 'Nine of them.', output: { total: 9, name: 'a\u202eb' } });
    const { code, stdout, stderr } = await cli.run([
      'tasks',
      'run',
      'Count',
      '--output-schema',
      '{"type":"object"}',
    ]);
    expect({ code, stdout }).toEqual({ code: 0, stdout: '{\n  "total": 9,\n  "name": "a\\u202eb"\n}\n' });
    expect(stderr).toContain('Nine of them.');
    expect(server.received[0]?.body).toEqual({ instruction: 'Count', output: { schema: { type: 'object' } } });
    endsAs('failed', { output: null, error: { code: 'output_invalid', message: 'it gave none' } });
    const failed = await cli.run(['tasks', 'run', 'Count', '--output-schema', '{}', '--quiet']);
    expect(failed).toMatchObject({ code: 5, stderr: expect.stringContaining('it gave none') });
  });

  it('prints the ended task with --json and nothing else with --quiet', async () => {
    endsAs('completed', { stdout: 'done' });
    const { stdout, stderr } = await cli.run(['tasks', 'run', '-', '--json', '--quiet'], {
      stdin: 'from a pipe',
    });
    expect(JSON.parse(stdout).task).toMatchObject({ status: 'completed', stdout: 'done' });
    expect(stderr).toBe('');
    expect(server.received[0]?.body).toEqual({ instruction: 'from a pipe' });
  });

  it.each(['failed', 'timed_out', 'stopped'])(
    'exits 5 when the task ended %s, its output so far printed',
    async (status) => {
      endsAs(status, { stdout: 'half', error: { code: 'agent_failed', message: 'it broke' } });
      const { code, stdout, stderr } = await cli.run(['tasks', 'run', 'x', '--quiet']);
      expect({ code, stdout }).toEqual({ code: 5, stdout: 'half\n' });
      expect(stderr).toBe(`seed: task ${TASK_ID} ${status.replace('_', ' ')}: it broke\n`);
    },
  );

  it('returns at once with --detach', async () => {
    const { code, stdout } = await cli.run(['tasks', 'run', 'x', '--detach', '--json']);
    expect(code).toBe(0);
    expect(JSON.parse(stdout).task.status).toBe('queued');
    expect(server.received).toHaveLength(1);
  });

  it('takes up a broken stream after the last event, showing none twice', async () => {
    endsAs('completed', { stdout: 'ok' });
    server.on(STREAM, (response, { lastEventId }) => {
      const after = Number(lastEventId ?? 0);
      sendEvents(response, EVENTS.slice(after, after + 4));
      if (after + 4 >= EVENTS.length) response.end();
      else setImmediate(() => response.destroy());
    });
    const { code, stderr } = await cli.run(['tasks', 'run', 'x']);
    expect(code).toBe(0);
    expect(stderr.match(/\$ seed keys list/g)).toHaveLength(1);
    expect(stderr.match(/● completed/g)).toHaveLength(1);
    const streams = server.received.filter(({ path }) => path.endsWith('/events'));
    expect(streams.map(({ lastEventId }) => lastEventId)).toEqual([undefined, '4']);
  });

  it('goes on watching when the stream ended before the task', async () => {
    let asked = 0;
    server.on(STREAM, (response, { lastEventId }) => {
      sendEvents(response, lastEventId === undefined ? EVENTS.slice(0, 2) : EVENTS.slice(2));
      response.end();
    });
    server.on(GET, (response) => {
      asked += 1;
      sendJson(response, 200, {
        task: taskInStatus(asked === 1 ? 'running' : 'completed', { stdout: 'ok' }),
      });
    });
    expect(await cli.run(['tasks', 'run', 'x', '--quiet'])).toEqual({ code: 0, stdout: 'ok\n', stderr: '' });
  });

  it('leaves the task running on Ctrl-C and says how to go on', async () => {
    server.on(STREAM, (response) => sendEvents(response, EVENTS.slice(0, 3)));
    const running = cli.start(['tasks', 'run', 'x']);
    await running.shown('I will look.');
    running.interrupt();
    const { code, stdout, stderr } = await running.done;
    expect({ code, stdout }).toEqual({ code: 130, stdout: '' });
    expect(stderr).toContain(`seed tasks events ${TASK_ID}`);
    expect(stderr).toContain(`seed tasks stop ${TASK_ID}`);
    expect(server.received.some(({ path }) => path.endsWith('/stop'))).toBe(false);
  });

  it('prints the queued task when the key may not watch it', async () => {
    const commands = manifest.commands.filter(({ name }) => name !== 'tasks events');
    const narrow = await handedOutCli({ ...manifest, commands }, { SEED_API_URL: server.url });
    const { code, stdout } = await narrow.run(['tasks', 'run', 'x']);
    await narrow.remove();
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringMatching(/^status +queued$/m) });
  });
});

describe('tasks events', () => {
  it('gives one object a line with --json, the steps otherwise', async () => {
    endsAs('completed');
    const json = await cli.run(['tasks', 'events', TASK_ID, '--json']);
    expect(
      json.stdout
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ).toEqual(EVENTS);
    const { code, stdout } = await cli.run(['tasks', 'events', TASK_ID]);
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringContaining('$ seed keys list\n') });
  });

  it('gives events as they come', async () => {
    let end = () => {};
    server.on(STREAM, (response) => {
      sendEvents(response, EVENTS.slice(0, 1));
      end = () => response.end(`${JSON.stringify(EVENTS[1])}`);
    });
    const running = cli.start(['tasks', 'events', TASK_ID, '--json']);
    await running.printed('"running"');
    end();
    expect((await running.done).stdout.trimEnd().split('\n')).toHaveLength(2);
  });
});
