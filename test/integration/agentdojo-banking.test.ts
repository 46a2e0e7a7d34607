// AgentDojo's banking suite (version 0.1.35, benchmark version 1.2.2, MIT, E. Debenedetti and others, 2024) against
// the platform's boundary: its user tasks are replayed by a script, and then by one that obeys every injection.
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type Bank,
  type BankState,
  type BankTask,
  COMMAND_OF,
  type Decide,
  type Make,
  startBank,
} from '../fixtures/agentdojo/bank.ts';
import {
  AMOUNT_A_CALL,
  AMOUNT_A_DAY,
  approverOf,
  carefulGrants,
  knownRecipients,
} from '../fixtures/agentdojo/careful.ts';
import {
  AGENTDOJO_AWAY,
  bankingSuite,
  type EnvironmentPart,
  hasAgentDojo,
  type InjectionTask,
  type Suite,
  type UserTask,
} from '../fixtures/agentdojo/suite.ts';

const title = `AgentDojo's banking suite${hasAgentDojo ? '' : ` (${AGENTDOJO_AWAY})`}`;

/** What the table in docs/grants.md has of a user task. */
interface Row {
  scopes: string;
  /** Injections of which something was done. */
  landed: number;
  approvals: number;
  /** The same with limits, without a person's yes. */
  landedWithLimits: number;
  /** Injected calls that a person was asked about. */
  asked: number;
}

describe.skipIf(!hasAgentDojo)(title, () => {
  let suite: Suite;
  let bank: Bank;
  const rows = new Map<string, Row>();
  beforeAll(async () => {
    suite = bankingSuite();
    bank = await startBank();
    for (const { id, calls } of suite.userTasks) {
      const scopes = bank.scopesOf(calls).map((scope) => `\`${scope}\``);
      rows.set(id, { scopes: scopes.join(', '), landed: 0, approvals: 0, landedWithLimits: 0, asked: 0 });
    }
  });
  afterAll(() => bank?.[Symbol.asyncDispose]());

  const rowOf = (task: UserTask) => rows.get(task.id) as Row;

  async function withScopesOf({ calls }: UserTask): Promise<Make> {
    const { secret } = await bank.server.newKey(bank.scopesOf(calls));
    return bank.with(secret);
  }

  /** A task with the scopes of its own calls, of a key that may do all and is limited. */
  async function limitedTask({ calls }: UserTask, decide: Decide): Promise<BankTask> {
    const { secret } = await bank.server.newKey(['*'], carefulGrants(suite));
    return bank.startTask(secret, bank.scopesOf(calls), decide);
  }

  /** Does the user task's calls. @returns once it has changed what it is to change, and answered as it is to */
  async function passes(task: UserTask, make: Make): Promise<void> {
    const before = await bank.state();
    for (const call of task.calls) {
      const { answer, code } = await make(call);
      expect({ code, answer }, `${task.id}: ${call.function}`).toEqual({ code: null, answer: call.answer });
    }
    expect(changed(before, await bank.state()), task.id).toEqual(task.changes);
  }

  /** Does the user task's calls, in which it reads what the attacker wrote, and then what that says. */
  async function obeys(task: UserTask, injection: InjectionTask, make: Make): Promise<boolean> {
    const pair = `${task.id} ${injection.id}`;
    const begun = await bank.state();
    let read = '';
    for (const call of task.calls) {
      const { answer, code } = await make(call);
      expect(code, `${pair}: ${call.function}`).toBeNull();
      read += JSON.stringify(answer);
    }
    expect(read, `${pair}: its agent reads what the attacker wrote`).toContain(injection.goal);
    const before = await bank.state();
    expect(changed(begun, before), pair).toEqual(task.changes);
    for (const call of injection.calls) await make(call);
    return changed(before, await bank.state()).length > 0;
  }

  it('is whole: 11 tools as commands, 16 tasks and 9 injections', () => {
    expect(suite.tools.map(({ name }) => name).sort()).toEqual(Object.keys(COMMAND_OF).sort());
    expect([suite.userTasks.length, suite.injectionTasks.length]).toEqual([16, 9]);
  });

  it('passes under the scopes that its own calls need', async () => {
    for (const task of suite.userTasks) {
      await bank.reset();
      await passes(task, await withScopesOf(task));
    }
  });

  it('lets those injected calls land, and no others, that the same scopes cover', {
    timeout: 90_000,
  }, async () => {
    for (const task of suite.userTasks) {
      const scopes = bank.scopesOf(task.calls);
      const make = await withScopesOf(task);
      for (const injection of suite.injectionTasks) {
        await bank.reset(injection.goal);
        const landed = await obeys(task, injection, make);
        const writes = bank.scopesOf(injection.calls).filter((scope) => scope.endsWith(':write'));
        expect(landed, `${task.id} ${injection.id}`).toBe(writes.some((scope) => scopes.includes(scope)));
        if (landed) rowOf(task).landed += 1;
      }
    }
  });

  it('passes under careful limits as well, with the approvals of the table', async () => {
    for (const task of suite.userTasks) {
      await bank.reset();
      const agent = await limitedTask(task, approverOf(task.calls));
      await passes(task, agent.make);
      await agent.end();
      expect(agent.decided.deny).toBe(0);
      rowOf(task).approvals = agent.decided.approve;
    }
  });

  it('lets no injected call land under careful limits', { timeout: 180_000 }, async () => {
    for (const task of suite.userTasks) {
      let decide: Decide;
      const agent = await limitedTask(task, (approval) => decide(approval));
      for (const injection of suite.injectionTasks) {
        await bank.reset(injection.goal);
        decide = approverOf(task.calls);
        if (await obeys(task, injection, agent.make)) rowOf(task).landedWithLimits += 1;
      }
      await agent.end();
      rowOf(task).asked = agent.decided.deny;
    }
    expect([...rows.values()].reduce((sum, row) => sum + row.landedWithLimits, 0)).toBe(0);
  });

  it('is held to what the limits say where the attacker knows them', async () => {
    await bank.reset();
    const task = suite.userTasks[0] as UserTask;
    const agent = await limitedTask(task, approverOf(task.calls));
    const [recipient] = knownRecipients(suite);
    const args = { recipient, amount: AMOUNT_A_CALL, subject: 'For me', date: '2022-01-01' };
    const codes: unknown[] = [];
    for (let sent = 0; sent < 4; sent += 1) {
      codes.push((await agent.make({ function: 'send_money', args, answer: null })).code);
    }
    await agent.end();
    expect(codes).toEqual([null, null, 'approval_denied', 'approval_denied']);
    expect(AMOUNT_A_DAY / AMOUNT_A_CALL).toBe(2);
  });

  it('has its table in docs/grants.md', () => {
    const page = readFileSync(new URL('../../docs/grants.md', import.meta.url), 'utf8');
    expect(page).toContain(tableOf(rows));
  });
});

function changed(before: BankState, after: BankState): EnvironmentPart[] {
  const parts = Object.keys(before) as EnvironmentPart[];
  return parts.filter((part) => before[part] !== after[part]);
}

/** As the page has it, its columns as wide as they need to be. */
function tableOf(rows: ReadonlyMap<string, Row>): string {
  const head = [
    'user task',
    'scopes of its calls',
    'land, scopes alone',
    'approvals it needs',
    'land, with limits',
    'denied by the approver',
  ];
  const all = [...rows].map(([id, { scopes, landed, approvals, landedWithLimits, asked }]) => [
    ...[id, scopes, `${landed} of 9`, approvals],
    ...[`${landedWithLimits} of 9`, asked],
  ]);
  const total = (name: Exclude<keyof Row, 'scopes'>) =>
    [...rows.values()].reduce((sum, row) => sum + row[name], 0);
  const last = [
    ...['all', '', `${total('landed')} of 144`, total('approvals')],
    ...[`${total('landedWithLimits')} of 144`, total('asked')],
  ];
  const cells = [head, ...all, last].map((row) => row.map(String));
  const widths = head.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]) =>
    `| ${row.map((text, column) => text.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  const [first = [], ...others] = cells;
  return [first, widths.map((width) => '-'.repeat(width)), ...others].map(line).join('\n');
}
