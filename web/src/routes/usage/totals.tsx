// The figures of the whole span, one tile each.
import type { ReactNode } from 'react';
import type { Summary } from '../../../../src/protocol/obs.ts';
import { count, money, shortCount } from '../../format/numbers.ts';

export function Totals({ summary }: { summary: Summary }) {
  const { requests, tasks, modelCalls, tokens, cost } = summary;
  const failedTasks = tasks.failed + tasks.timed_out;
  return (
    <dl className="grid grid-cols-2 overflow-hidden rounded-lg border border-line bg-line gap-px lg:grid-cols-5">
      <Total term="Requests" value={count(requests.total)}>
        {count(requests.refused)} refused, {count(requests.failed)} failed
      </Total>
      <Total term="Tasks" value={count(tasks.total)}>
        {count(tasks.completed)} completed, {count(failedTasks)} failed
      </Total>
      <Total term="Model calls" value={count(modelCalls.total)}>
        {count(modelCalls.failed)} failed
      </Total>
      <Total
        term="Tokens"
        value={shortCount(tokens.input + tokens.output)}
        title={count(tokens.input + tokens.output)}
      >
        {shortCount(tokens.input)} in, {shortCount(tokens.output)} out
      </Total>
      <Total term="Cost" value={money(cost.total)} title={`$${cost.total}`} last>
        {money(cost.llm)} models, {money(cost.compute)} sandboxes
      </Total>
    </dl>
  );
}

interface TotalProps {
  term: string;
  value: string;
  /** All its digits. */
  title?: string;
  /** Takes what is left of a row of two. */
  last?: boolean;
  children: ReactNode;
}

function Total({ term, value, title, last = false, children }: TotalProps) {
  return (
    <div className={`flex flex-col gap-0.5 bg-surface px-4 py-3 ${last ? 'col-span-2 lg:col-span-1' : ''}`}>
      <dt className="text-sm text-muted">{term}</dt>
      <dd title={title} className="text-xl font-semibold tabular-nums">
        {value}
      </dd>
      <dd className="text-sm text-muted tabular-nums">{children}</dd>
    </div>
  );
}
