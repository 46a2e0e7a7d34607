// Whatever limits there are, whatever is called in whatever order, decided and killed: what the database holds is
// within what limits and people's yes allow, every effect has its row in the ledger, and nothing runs twice.
import fc from 'fast-check';
import { Client } from 'pg';
import { describe, expect, it } from 'vitest';
import { type Done, expectHolds } from '../fixtures/grants/holds.ts';
import { type Counted, edgesOf, verdict } from '../fixtures/grants/model.ts';
import { CLOSED, onePlan, type Phase, type Plan, type Step, tuned, wildPlan } from '../fixtures/grants/plan.ts';
import { startServers } from '../fixtures/grants/servers.ts';
import { type Answered, openTill, type Request, type Sent, type Till } from '../fixtures/grants/till.ts';
import { until } from '../fixtures/seed.ts';
import { startTestServer, testRunner } from '../fixtures/server.ts';
import { testPacks } from '../fixtures/test-packs.ts';

/** Each with a server that is killed; SEED_GRANTS_RUNS asks for more. */
const RUNS = Number(process.env['SEED_GRANTS_RUNS'] ?? 3);

/** Null where the connection broke. */
const requestTo = (url: () => Promise<string>): Request => {
  return async (method, path, { key, body, idempotencyKey }) => {
    try {
      const response = await fetch(`${await url()}/api/v1${path}`, {
        method,
        headers: {
          authorization: `Bearer ${key}`,
          ...(body !== undefined && { 'content-type': 'application/json' }),
          ...(idempotencyKey !== undefined && { 'idempotency-key': idempotencyKey }),
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      });
      return { status: response.status, body: await response.json() };
    } catch {
      return null;
    }
  };
};

const ranOnce = async (till: Till, id: string) => {
  const { state, result, error } = await till.approval(id);
  return state !== 'approved' || result !== null || error !== null;
};

describe('one call after the other', () => {
  it('is answered as the limits say, for any limits', { timeout: 240_000 }, async () => {
    const server = await startTestServer({ packs: testPacks('till') });
    const seen = new Set<string>();
    try {
      const request = requestTo(async () => server.url);
      const runner = async () => server.runner();
      await fc.assert(
        fc.asyncProperty(onePlan, async (plan) => {
          const till = await openTill(request, { adminKey: server.adminKey, runner }, plan.limits);
          const done: Done[] = [];
          const day = new Date().toISOString().slice(0, 10);
          // They are tuned on the way.
          const limits = { ...plan.limits };
          for (const step of plan.phases.flatMap(({ steps }) => steps)) {
            const told = await stepAsTold(till, limits, step, done, day);
            if (told) seen.add(told);
          }
          const kept = await expectHolds(server.databaseUrl, till, null);
          expect(kept.map(({ note }) => note).sort()).toEqual(done.map(({ note }) => note).sort());
          await expectCounted(till, limits, done);
          await till.endTasks();
        }),
        { numRuns: RUNS * 4, endOnFailure: true },
      );
    } finally {
      await server.stop();
    }
    // All of it comes about.
    expect([...seen]).toEqual(expect.arrayContaining(['done', 'asked', 'limit_exceeded']));
  });
});

/** The server has counted what the model has, to a tenth: it says the same of calls at the edge of each sum. */
async function expectCounted(till: Till, limits: Plan['limits'], done: readonly Counted[]): Promise<void> {
  for (const edge of edgesOf(limits, done, new Date().toISOString().slice(0, 10))) {
    const told = `keys check of ${JSON.stringify(edge)}`;
    expect(await till.check(edge), told).toBe(verdict(limits, done, edge));
  }
}

/**
 * Takes the step and compares what comes of it with what the model says.
 * @param limits those of now, which a step may change
 * @param done what counts, which grows. @returns what came of it in one word; null: there was nothing to do
 */
async function stepAsTold(
  till: Till,
  limits: Plan['limits'],
  step: Step,
  done: Done[],
  day: string,
): Promise<string | null> {
  const counted = ({ by, command, input, note }: Sent): Done => ({ by, command, input, note, day });
  if (step.do === 'decide') {
    const id = till.approvals[step.on % till.approvals.length];
    if (id === undefined) return null;
    const before = await till.approval(id);
    const answer = await till.decide(id, step.say);
    if (before.state !== 'pending') {
      expect([answer.status, answer.body.error?.code]).toEqual([409, 'approval_decided']);
      return 'decided before';
    }
    expect(answer.status).toBe(200);
    const sent = till.sent.find(({ answers }) => answers.some(({ body }) => body.approval?.id === id)) as Sent;
    await until('the approved call has run', () => ranOnce(till, id));
    const { state, result, error } = await till.approval(id);
    expect(state).toBe(step.say === 'approve' ? 'approved' : 'denied');
    if (state === 'denied') return 'denied by a person';
    const told = verdict(limits, done, counted(sent), { isApproved: true });
    const code = told === 'denied' ? 'limit_exceeded' : sent.input.to === CLOSED ? 'conflict' : null;
    expect([error?.code ?? null, result !== null]).toEqual([code, code === null]);
    if (code === null) done.push(counted(sent));
    return code === null ? 'approved and done' : `approved and ${code}`;
  }
  if (step.do === 'tune') {
    limits[step.of] = limits[step.of].map((limit) => tuned(limit, step));
    expect((await till.limit(step.of, limits[step.of])).status).toBe(200);
    return 'tuned';
  }
  const isNew = step.do === 'call';
  if (!isNew && till.sent.length === 0) return null;
  const sent = isNew ? null : (till.sent[step.of % till.sent.length] as Sent);
  const earlier = sent?.answers.find(({ status }) => status === 201 || status === 202);
  if (sent && earlier) return repeated(till, sent, earlier);
  const checked = isNew ? await till.check(step) : null;
  const answer = isNew ? await till.call(step) : await till.repeat(sent as Sent);
  const call = counted(isNew ? (till.sent.at(-1) as Sent) : (sent as Sent));
  const told = verdict(limits, done, call);
  if (checked !== null) expect(checked, 'keys check').toBe(told);
  const code = told === 'denied' ? 'limit_exceeded' : call.input.to === CLOSED ? 'conflict' : null;
  if (told === 'asked') {
    expect([answer.status, answer.body.approval?.state]).toEqual([202, 'pending']);
    return 'asked';
  }
  expect([answer.status, answer.body.error?.code ?? null]).toEqual([
    code === null ? 201 : code === 'conflict' ? 409 : 403,
    code,
  ]);
  if (code === null) done.push(call);
  return code ?? 'done';
}

/** The same request again is answered as before, or with what has become of it. */
async function repeated(till: Till, sent: Sent, earlier: Answered): Promise<string> {
  const answer = await till.repeat(sent);
  if (earlier.status === 201) {
    expect(answer).toEqual(earlier);
    return 'repeated';
  }
  const approval = await till.approval(earlier.body.approval.id);
  const shown = {
    pending: [202, approval.id],
    approved: approval.error === null ? [201, undefined] : [answer.status, undefined],
    denied: [403, undefined],
  }[approval.state as 'pending' | 'approved' | 'denied'];
  expect([answer.status, answer.body.approval?.id]).toEqual(shown);
  if (approval.state === 'approved')
    expect(answer.body.error?.code ?? null, 'what has become of it').toBe(approval.error?.code ?? null);
  if (approval.state === 'denied') expect(answer.body.error.code).toBe('approval_denied');
  return `repeated and ${approval.state}`;
}

describe('many calls at once, on servers that are killed', () => {
  it('leave nothing in the database that is not allowed', { timeout: 240_000 }, async () => {
    await using servers = await startServers();
    const db = new Client({ connectionString: servers.databaseUrl });
    await db.connect();
    const seen = { done: 0, cut: 0 };
    try {
      await fc.assert(
        fc.asyncProperty(wildPlan, async (plan) => {
          const request: Request = async (...given) => {
            const answer = await requestTo(servers.url)(...given);
            if (answer === null) seen.cut += 1;
            return answer;
          };
          const runner = async () => testRunner(await servers.url(), servers.runnerToken);
          const till = await openTill(request, { adminKey: servers.adminKey, runner }, plan.limits);
          for (const phase of plan.phases) {
            // As if the half minute were over after which another server may take over what this one was at.
            const lapse = () =>
              db.query('update idempotency set working_until = now() where working_until > now()');
            await atOnce(till, phase, () => servers.kill(lapse));
          }
          await until(
            'all that is approved has run',
            async () => {
              const states = await Promise.all(till.approvals.map((id) => ranOnce(till, id)));
              return states.every(Boolean);
            },
            60_000,
          );
          const done = await expectHolds(servers.databaseUrl, till, plan.limits);
          await expectCounted(till, plan.limits, done);
          await till.endTasks();
          // What nobody has decided on is not done later.
          expect(await expectHolds(servers.databaseUrl, till, plan.limits)).toHaveLength(done.length);
          seen.done += done.length;
        }),
        { numRuns: RUNS, endOnFailure: true },
      );
    } finally {
      await db.end();
    }
    expect(seen.done).toBeGreaterThan(0);
    expect(seen.cut, 'requests that a killed server left without an answer').toBeGreaterThan(0);
  });
});

/** Takes the steps of a phase all together, and kills the server when as many as planned were answered. */
async function atOnce(till: Till, { steps, killedAfter }: Phase, kill: () => Promise<void>): Promise<void> {
  const [sent, approvals] = [[...till.sent], [...till.approvals]];
  let killing: Promise<void> | null = null;
  let answered = 0;
  const killWhenDue = () => {
    if (killedAfter === null || killing !== null) return;
    if (answered >= Math.min(killedAfter, steps.length - 1)) killing = kill();
  };
  const taken = steps.map(async (step) => {
    if (step.do === 'call') await till.call(step);
    else if (step.do === 'repeat') await onOne(sent, step.of, (call) => till.repeat(call));
    else if (step.do === 'decide') await onOne(approvals, step.on, (id) => till.decide(id, step.say));
    answered += 1;
    killWhenDue();
  });
  killWhenDue();
  await Promise.all(taken);
  await killing;
}

async function onOne<Item>(items: readonly Item[], place: number, act: (item: Item) => Promise<unknown>) {
  const item = items[place % items.length];
  if (item !== undefined) await act(item);
}
