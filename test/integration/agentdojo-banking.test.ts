// AgentDojo's banking suite (version 0.1.35, benchmark version 1.2.2, MIT, E. Debenedetti and others, 2024) against
// the platform's boundary: its user tasks are replayed by a script, and then by one that obeys every injection.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Bank, type BankState, COMMAND_OF, type Make, startBank } from '../fixtures/agentdojo/bank.ts';
import {
  AGENTDOJO_AWAY,
  bankingSuite,
  type EnvironmentPart,
  hasAgentDojo,
  type Suite,
  type UserTask,
} from '../fixtures/agentdojo/suite.ts';

const title = `AgentDojo's banking suite${hasAgentDojo ? '' : ` (${AGENTDOJO_AWAY})`}`;

describe.skipIf(!hasAgentDojo)(title, () => {
  let suite: Suite;
  let bank: Bank;
  beforeAll(async () => {
    suite = bankingSuite();
    bank = await startBank();
  });
  afterAll(() => bank?.[Symbol.asyncDispose]());

  async function withScopesOf({ calls }: UserTask): Promise<Make> {
    const { secret } = await bank.server.newKey(bank.scopesOf(calls));
    return bank.with(secret);
  }

  it('is whole: 11 tools as commands, 16 tasks and 9 injections', () => {
    expect(suite.tools.map(({ name }) => name).sort()).toEqual(Object.keys(COMMAND_OF).sort());
    expect([suite.userTasks.length, suite.injectionTasks.length]).toEqual([16, 9]);
  });

  it('passes under the scopes that its own calls need', async () => {
    for (const task of suite.userTasks) {
      await bank.reset();
      const before = await bank.state();
      const make = await withScopesOf(task);
      for (const call of task.calls) {
        const { answer, code } = await make(call);
        expect({ code, answer }, `${task.id}: ${call.function}`).toEqual({ code: null, answer: call.answer });
      }
      expect(changed(before, await bank.state()), task.id).toEqual(task.changes);
    }
  });

  it('lets those injected calls land, and no others, that the same scopes cover', async () => {
    const landed: string[] = [];
    const covered: string[] = [];
    for (const task of suite.userTasks) {
      const scopes = bank.scopesOf(task.calls);
      const make = await withScopesOf(task);
      for (const injection of suite.injectionTasks) {
        const pair = `${task.id} ${injection.id}`;
        await bank.reset(injection.goal);
        let read = '';
        for (const call of task.calls) read += JSON.stringify((await make(call)).answer);
        expect(read, `${pair}: its agent reads what the attacker wrote`).toContain(injection.goal);
        const before = await bank.state();
        for (const call of injection.calls) await make(call);
        if (changed(before, await bank.state()).length > 0) landed.push(pair);
        const writes = bank.scopesOf(injection.calls).filter((scope) => scope.endsWith(':write'));
        if (writes.some((scope) => scopes.includes(scope))) covered.push(pair);
      }
    }
    expect(landed).toEqual(covered);
    expect(landed).toHaveLength(48);
  });
});

function changed(before: BankState, after: BankState): EnvironmentPart[] {
  const parts = Object.keys(before) as EnvironmentPart[];
  return parts.filter((part) => before[part] !== after[part]);
}
