// A call that waits for a person: what its tool answers when nobody decides in time, and what answers decide.
import type { ServerContext } from '@modelcontextprotocol/server';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { exactJson } from '../../lib/exact-text.ts';
import type { Approval } from '../../protocol/approval.ts';
import { heldOutput } from './approvals.ts';
import { commandTool } from './command-tool.ts';
import { decisionIn, elicitation } from './decisions.ts';
import type { Platform, PlatformCommand } from './platform.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});

const ID = '11111111-1111-4111-8111-111111111111';
const approval = {
  id: ID,
  kind: 'command',
  state: 'pending',
  task: '22222222-2222-4222-8222-222222222222',
  command: 'orders create',
  effect: 'write',
  input: { to: 'acme\\u{202E}' },
  inputJson: exactJson({ to: 'acme\u202e' }),
  budget: null,
  summary: 'Order at acme',
  reason: 'more than 500',
  expiresAt: '2026-11-30T12:10:00.000Z',
  ranAt: null,
  decidedBy: null,
  message: null,
  error: null,
} as unknown as Approval;

const described = (name: string, outputSchema: object = { type: 'object' }) =>
  ({
    name,
    summary: name,
    input: {},
    outputSchema,
  }) as unknown as PlatformCommand;

it('says what it waits for, and how to go on, when nobody decides within the time that clients wait', async () => {
  const waits: number[] = [];
  const platform: Platform = {
    version: '1',
    commands: [described('approvals get')],
    allows: () => true,
    mayBeAsked: () => true,
    call: async ({ name }, _input, { waitSeconds = 0 }) => {
      if (name === 'approvals get') {
        waits.push(waitSeconds);
        vi.advanceTimersByTime(waitSeconds * 1_000);
      }
      const headers = name === 'approvals get' ? {} : { 'seed-approval': ID };
      return Response.json({ approval }, { status: name === 'approvals get' ? 200 : 202, headers });
    },
  };
  const steps: string[] = [];
  const ctx = {
    mcpReq: {
      signal: new AbortController().signal,
      requestState: () => undefined,
      _meta: { progressToken: 1 },
      notify: async ({ params }: { params: { message: string } }) => steps.push(params.message),
    },
  } as unknown as ServerContext;
  const tool = commandTool(platform, described('orders create'));
  const result = await tool.call({}, ctx);
  expect(waits.reduce((sum, seconds) => sum + seconds)).toBe(50);
  expect(Math.max(...waits)).toBeLessThanOrEqual(10);
  expect(steps.every((step) => step === "waits for a person's yes: Order at acme")).toBe(true);
  expect(result).toMatchObject({ structuredContent: { approval: { id: ID, state: 'pending' } } });
  expect(result).not.toHaveProperty('isError');
  const [{ text }] = result.content as [{ text: string }];
  expect(text).toContain('Nothing is done yet');
  expect(text).toContain(`getApproval with {"id":"${ID}","wait":50}`);
});

it('a tool whose calls may be asked about answers either way, by its schema', () => {
  const $defs = { Key: { type: 'object' } };
  const own = { type: 'object', properties: { key: { $ref: '#/$defs/Key' } }, required: ['key'], $defs };
  const either = heldOutput({ mayBeAsked: () => true } as unknown as Platform, described('keys get', own));
  expect(either).toMatchObject({
    type: 'object',
    $defs,
    anyOf: [{ required: ['key'] }, { required: ['approval'] }],
  });
});

it('shows a person the exact input', () => {
  const { params } = elicitation(approval) as { params: { message: string } };
  expect(params.message).toContain('"to": "acme\\u202e"');
  expect(params.message).not.toContain('\u202e');
  const budget = { ...approval, kind: 'budget' as const, budget: { current: 1, requested: 2, unit: 'usd' } };
  expect((elicitation(budget) as typeof params & { params: { message: string } }).params.message).toContain(
    '1 → 2 usd',
  );
});

it.each([
  [
    { action: 'accept', content: { decision: 'approve' } },
    { command: 'approvals approve', message: undefined },
  ],
  [
    { action: 'accept', content: { decision: 'deny', message: ' no ' } },
    { command: 'approvals deny', message: ' no ' },
  ],
  [{ action: 'decline' }, { command: 'approvals deny', message: undefined }],
  [{ action: 'cancel' }, null],
])('%j decides %j', (answer, decided) => {
  expect(decisionIn(answer)).toEqual(decided);
});

it.each([{}, null, 'yes', { action: 'accept' }, { action: 'accept', content: { decision: 'Approve' } }])(
  '%j is no answer',
  (answer) => {
    expect(() => decisionIn(answer)).toThrow(expect.objectContaining({ code: 'invalid_input' }));
  },
);
