// How much of each part of a budget is used, children included.
import type { Task } from '../../../../../src/protocol/task.ts';
import { count, money } from '../../../format/numbers.ts';
import { classNames } from '../../../ui/class-names.ts';

interface BudgetUseProps {
  budget: NonNullable<Task['budget']>;
  used: Task['used'];
}

const PARTS = [
  { name: 'usd', label: 'US dollars', show: money },
  { name: 'tokens', label: 'Tokens', show: count },
  { name: 'calls', label: 'Calls of the model', show: count },
] as const;

export function BudgetUse({ budget, used }: BudgetUseProps) {
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
