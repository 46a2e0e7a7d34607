// seed approvals watch with a server and a person that are played: what is shown, which keys decide, what is printed
// where there is no terminal, and others who decide first.
import { expect, it } from 'vitest';
import { manifestCommand } from '../../test/fixtures/manifest-command.ts';
import { exactJson } from '../lib/exact-text.ts';
import type { Approval } from '../protocol/approval.ts';
import type { Manifest } from '../protocol/manifest.ts';
import { approvalsWatch } from './approvals-watch.ts';
import type { Io } from './io.ts';
import { runCli } from './run.ts';

const approval = (id: string, more: Partial<Approval> = {}): Approval => ({
  id,
  kind: 'command',
  state: 'pending',
  task: 'task-1',
  keyId: 'key-1',
  command: 'orders create',
  effect: 'write',
  scope: 'orders:write',
  input: { total: 640, note: 'to\\u{202E} gate' },
  inputJson: exactJson({ total: 640, note: 'to\u202e gate' }),
  inputHash: 'abc',
  budget: null,
  summary: `Order ${id}`,
  reason: 'more than 500',
  stateChecked: false,
  requestedAt: '2026-11-30T12:00:00.000Z',
  expiresAt: '2026-11-30T12:10:00.000Z',
  decidedAt: null,
  decidedBy: null,
  message: null,
  ranAt: null,
  result: null,
  error: null,
  askedAgain: null,
  mayDecide: true,
  ...more,
});

const command = (name: string, method: 'GET' | 'POST', path: string) =>
  manifestCommand(name, { http: { method, path }, input: { type: 'object', properties: {} } });

const MANIFEST = {
  commands: [
    command('approvals list', 'GET', '/approvals'),
    command('approvals get', 'GET', '/approvals/{id}'),
    command('approvals approve', 'POST', '/approvals/{id}/approve'),
    command('approvals deny', 'POST', '/approvals/{id}/deny'),
  ],
} as unknown as Manifest;

interface Played {
  approvals: Approval[];
  keys?: (string | null)[];
  lines?: (string | null)[];
  terminal?: boolean;
  /** Between two looks; the argument counts them. */
  meanwhile?(looks: number, leave: () => void): unknown;
}

const ENV: Record<string, string> = {
  SEED_API_KEY: 'sk_live_x',
  SEED_API_URL: 'http://seed.test',
  // Nothing is kept.
  XDG_CACHE_HOME: '/dev/null/none',
};

/** A key that nobody presses: the person goes on thinking. */
const NO_KEY = '…';

async function watch(played: Played) {
  const { approvals, keys = [], terminal = true, meanwhile } = played;
  const written: string[] = [];
  const sent: string[] = [];
  let leave = () => {};
  let looks = 0;
  const out = { isTerminal: terminal, columns: 80, write: (text: string) => void written.push(text) };
  const answer = (status: number, body: object) => ({
    status,
    headers: { 'content-type': 'application/json' },
    body: (async function* () {
      yield Buffer.from(JSON.stringify(body));
    })(),
  });
  const io = {
    stdin: {
      isTerminal: terminal,
      readLine: async () => played.lines?.shift() ?? null,
      readKey: async (signal: AbortSignal) => {
        const key = keys.shift();
        if (key !== NO_KEY) return key ?? null;
        return new Promise((resolve) => signal.addEventListener('abort', () => resolve(null)));
      },
    },
    stdout: out,
    stderr: out,
    clock: { now: () => new Date('2026-11-30T12:05:00.000Z') },
    env: (name: string) => ENV[name],
    onInterrupt: (handler: () => void) => {
      leave = handler;
      return () => {};
    },
    wait: async () => {
      looks += 1;
      meanwhile?.(looks, () => leave());
    },
    request: async ({ method, url, body }: { method: string; url: string; body?: string }) => {
      if (url.endsWith('/api/v1/commands')) return answer(200, MANIFEST);
      const [, id, verb] = /\/approvals\/([^/?]+)(?:\/(\w+))?$/.exec(new URL(url).pathname) ?? [];
      if (id === undefined)
        return answer(200, { items: approvals.filter(({ state }) => state === 'pending'), nextCursor: null });
      const found = approvals.find((one) => one.id === id);
      if (method === 'POST' && found) {
        sent.push(`${verb} ${id} ${body ?? ''}`);
        if (found.state !== 'pending') {
          const error = { code: 'approval_decided', message: 'it is over', hint: null, requestId: 'r' };
          return answer(409, { error });
        }
        found.state = verb === 'approve' ? 'approved' : 'denied';
      }
      return answer(200, { approval: found });
    },
  } as unknown as Io;
  const form = { manifest: MANIFEST, local: [approvalsWatch], version: () => '' };
  const code = await runCli(['approvals', 'watch'], form, io);
  return { code, shown: written.join(''), sent };
}

it('shows the oldest first with its exact input, and approves with a message', async () => {
  const { code, shown, sent } = await watch({
    approvals: [approval('two'), approval('one')],
    keys: ['x', 'a', 'q'],
    lines: ['agreed'],
  });
  expect(code).toBe(0);
  expect(sent).toEqual(['approve one {"message":"agreed"}']);
  expect(shown.indexOf('Order one')).toBeLessThan(shown.indexOf('Order two'));
  expect(shown).toContain('orders create (write)');
  expect(shown).toContain('"note": "to\\u202e gate"');
  expect(shown).toContain('It is approved.');
});

it('denies, skips, and decides nothing when the message is given up', async () => {
  const { sent } = await watch({
    approvals: [approval('three'), approval('two'), approval('one')],
    keys: ['d', 's', 'a'],
    lines: ['', null],
    meanwhile: (looks, leave) => looks > 20 && leave(),
  });
  expect(sent).toEqual(['deny one ']);
});

it('says who was first, before a key is pressed and after', async () => {
  const one = approval('one');
  const decidedBy = { keyId: 'k', keyName: 'ops', via: 'session' as const, isSelf: false };
  const before = await watch({
    approvals: [one],
    keys: [NO_KEY],
    meanwhile: (looks, leave) => {
      if (looks === 1) Object.assign(one, { state: 'denied', decidedBy, message: 'not today' });
      if (looks === 3) leave();
    },
  });
  expect(before.shown).toContain('It is denied by ops: not today.');
  expect([before.code, before.sent]).toEqual([130, []]);

  const two = approval('two');
  const late = await watch({
    approvals: [two],
    keys: ['a'],
    get lines() {
      Object.assign(two, { state: 'approved', decidedBy });
      return [''];
    },
    meanwhile: (_looks, leave) => two.state === 'pending' || leave(),
  });
  expect(late.shown).toContain('It is approved by ops.');
  expect(late.shown).toContain('Nothing waits for you');
});

it('prints a line for each change where there is no terminal', async () => {
  const one = approval('one');
  const { code, shown } = await watch({
    approvals: [one],
    terminal: false,
    meanwhile: (looks, leave) => {
      if (looks === 2) one.state = 'expired';
      if (looks === 4) leave();
    },
  });
  const lines = shown
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(lines.map(({ id, state }) => [id, state])).toEqual([
    ['one', 'pending'],
    ['one', 'expired'],
  ]);
  expect(shown).not.toContain('\u202e');
  expect(code).toBe(130);
});
