// Slots that all processes on one database take from one number: never more than there are, given back, and lapsed
// with a process that died; and calls of a model, which wait for one.
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { shareSlots } from '../../src/db/shared-slots.ts';
import { type CollectedLoops, collectLoops } from '../../src/lib/collected-loops.ts';
import { startGateway } from '../fixtures/llm-gateway-server.ts';
import { llmSettings } from '../fixtures/llm-settings.ts';
import { completion, type LlmUpstream, startLlmUpstream } from '../fixtures/llm-upstream.ts';
import { openTestStore, silent, type TestStore } from '../fixtures/store.ts';

let seed: TestStore;
let upstream: LlmUpstream;
beforeAll(async () => {
  seed = await openTestStore();
  upstream = await startLlmUpstream();
});
afterAll(async () => {
  await upstream.close();
  await seed.close();
});

/** A process of its own, as far as what it remembers goes. Its loops turn when the test says so. */
function openProcess() {
  const loops: CollectedLoops = collectLoops();
  return { loops, slots: shareSlots({ ...seed.store, loops }, silent) };
}
const rows = () => seed.rows('select name from shared_slots');

it('of forty that two processes ask for at once, no more are taken than there are', async () => {
  const processes = [openProcess(), openProcess()];
  const asked = Array.from({ length: 20 }, () => processes.map(({ slots }) => slots.take('at once', 7))).flat();
  const taken = (await Promise.all(asked)).filter((leave) => leave !== null);
  expect(taken).toHaveLength(7);
  expect(await openProcess().slots.take('another name', 7)).not.toBeNull();
  for (const leave of taken) leave();
  await Promise.all(processes.map(({ loops }) => loops.idle()));
  expect((await rows()).filter(({ name }) => name === 'at once')).toEqual([]);
});

it('one that is given back twice frees one place, for any process', async () => {
  const [one, other] = [openProcess(), openProcess()];
  const first = await one.slots.take('given back', 2);
  expect(await one.slots.take('given back', 2)).not.toBeNull();
  expect(await other.slots.take('given back', 2)).toBeNull();
  first?.();
  first?.();
  await one.loops.idle();
  expect(await other.slots.take('given back', 2)).not.toBeNull();
  expect(await other.slots.take('given back', 2)).toBeNull();
});

it('those of a process that died lapse, and those that are renewed do not', async () => {
  const [alive, dead, next] = [openProcess(), openProcess(), openProcess()];
  for (const { slots } of [alive, dead]) expect(await slots.take('lapsing', 2)).not.toBeNull();
  seed.clock.advance(40_000);
  await alive.loops.turn();
  seed.clock.advance(19_000);
  expect(await next.slots.take('lapsing', 2)).toBeNull();
  seed.clock.advance(1_000);
  expect(await next.slots.take('lapsing', 2)).not.toBeNull();
  expect(await next.slots.take('lapsing', 2)).toBeNull();
  seed.clock.advance(3_600_000);
  await openProcess().loops.turnAll(async () => true);
  expect(await rows()).toEqual([]);
});

it('calls of a model in two processes are as many at a time as may be together, and each has its turn', async () => {
  let [underWay, most] = [0, 0];
  upstream.behave(async (response, request) => {
    underWay += 1;
    most = Math.max(most, underWay);
    await vi.waitFor(() => expect(upstream.requests.length).toBeGreaterThanOrEqual(2));
    underWay -= 1;
    await completion('hello')(response, request);
  });
  const processes = [openProcess(), openProcess()];
  const gateways = await Promise.all(
    processes.map(({ slots }) =>
      startGateway('m', {
        settings: llmSettings({ baseUrl: upstream.baseUrl, defaultModels: ['m'], limits: { concurrent: 2 } }),
        sharedSlots: slots,
      }),
    ),
  );
  const asked = { model: 'm', messages: [{ role: 'user', content: 'x' }] };
  const { signal } = new AbortController();
  const answers = await Promise.all(
    gateways.flatMap(({ gateway }, index) =>
      Array.from({ length: 5 }, () =>
        gateway.chatCompletions(asked, { taskId: `task ${index}`, model: 'm', signal }),
      ),
    ),
  );
  expect(answers.map(({ status }) => status)).toEqual(Array(10).fill(200));
  expect(most).toBe(2);
  await Promise.all(gateways.map((gateway) => gateway.close()));
  await Promise.all(processes.map(({ loops }) => loops.idle()));
  expect((await rows()).filter(({ name }) => String(name).startsWith('calls of'))).toEqual([]);
});
