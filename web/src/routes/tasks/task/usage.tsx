// What a task has used: tokens and money, and its sandbox once it has ended.
import { costNote } from '../../../../../src/protocol/cost-source.ts';
import type { Task } from '../../../../../src/protocol/task.ts';
import { bytes, count, money } from '../../../format/numbers.ts';
import { duration } from '../../../format/times.ts';
import { classNames } from '../../../ui/class-names.ts';
import { Facts, Section } from '../../../ui/page-frame.tsx';
import { useTask, ViewFrame } from './open-task.tsx';

const MIB = 1024 * 1024;

export function Usage() {
  const { task } = useTask();
  const { cost, usage, used, budget, resources } = task;
  const note = costNote(task.costSource);
  return (
    <ViewFrame label="Usage">
      <div className="grid gap-x-10 gap-y-6 lg:grid-cols-2">
        <Section title="Tokens">
          <Facts
            of={{
              Input: count(task.inputTokens),
              Output: count(task.outputTokens),
              'Calls of the model': count(used.calls),
            }}
          />
        </Section>
        <Section title="Cost">
          <Facts
            of={{
              Model: note === null ? money(cost.llm) : `${money(cost.llm)}, ${note}`,
              Sandbox: usage || task.completedAt ? money(cost.compute) : 'counted when it has ended',
              Total: <strong className="font-semibold">{money(cost.total)}</strong>,
            }}
          />
        </Section>
        <Section title="Sandbox">
          {usage ? (
            <Facts
              of={{
                Processor: duration(usage.cpuSeconds * 1_000),
                'Memory at its peak': `${bytes(usage.peakMemoryBytes)} of ${bytes(resources.memoryMb * MIB)}`,
                Time: duration(usage.wallMs),
              }}
            />
          ) : (
            <p className="text-muted">
              {task.completedAt === null
                ? 'Measured when it has ended.'
                : 'There was no sandbox, or nothing was measured.'}
            </p>
          )}
        </Section>
        {budget && (
          <Section title="Budget">
            <BudgetUse budget={budget} used={used} />
          </Section>
        )}
      </div>
    </ViewFrame>
  );
}

const PARTS = [
  { name: 'usd', label: 'US dollars', show: money },
  { name: 'tokens', label: 'Tokens', show: count },
  { name: 'calls', label: 'Calls of the model', show: count },
] as const;

/** How much of each part of a budget is used, children included. */
function BudgetUse({ budget, used }: { budget: NonNullable<Task['budget']>; used: Task['used'] }) {
  return (
    <ul className="flex max-w-md flex-col gap-3">
      {PARTS.map(({ name, label, show }) => {
        const limit = budget[name];
        if (limit === null) return null;
        const share = Math.min(1, used[name] / limit);
        return (
          <li key={name}>
            <div className="flex justify-between gap-4">
              <span className="text-muted">{label}</span>
              <span className="tabular-nums">
                {show(used[name])} of {show(limit)}
              </span>
            </div>
            <div aria-hidden="true" className="mt-1 h-1.5 overflow-hidden rounded-full bg-sunken">
              <div
                className={classNames('h-full rounded-full', share >= 1 ? 'bg-bad' : 'bg-accent')}
                style={{ width: `${share * 100}%` }}
              />
            </div>
          </li>
        );
      })}
    </ul>
  );
}
