// What the page asks the API for: the summary, the days, one grouping, and the errors, all of the same span.
import type { CommandInput } from '../../api/commands.ts';
import { useCommand } from '../../api/use-command.ts';
import type { Grouping } from './groupings.ts';
import type { Report } from './merge-reports.ts';

export type Asked = CommandInput<'obs summary'>;

const REFRESH = { refreshMs: 30_000 };

export function useSummary(asked: Asked) {
  return useCommand('obs summary', asked, REFRESH);
}

export function useDays(asked: Asked) {
  const requests = useCommand('obs requests', { ...asked, by: 'day' }, REFRESH);
  const usage = useCommand('obs usage', { ...asked, by: 'day' }, REFRESH);
  const costs = useCommand('obs costs', { ...asked, by: 'day' }, REFRESH);
  return together([requests, usage, costs]);
}

/** The dearest come first, then those that cost nothing. */
export function useGrouping(by: Grouping, asked: Asked) {
  const hasRequests = by !== 'model';
  const hasUsage = by !== 'command';
  const requests = useCommand(
    'obs requests',
    { ...asked, by: by === 'command' ? 'command' : 'key' },
    { ...REFRESH, enabled: hasRequests },
  );
  const group = by === 'model' ? 'model' : 'key';
  const costs = useCommand('obs costs', { ...asked, by: group }, { ...REFRESH, enabled: hasUsage });
  const usage = useCommand('obs usage', { ...asked, by: group }, { ...REFRESH, enabled: hasUsage });
  return together([...(hasUsage ? [costs, usage] : []), ...(hasRequests ? [requests] : [])]);
}

interface Answer {
  data: Report | undefined;
  /** The answer of the span before. */
  isPlaceholderData: boolean;
  error: Error | null;
  refetch(): unknown;
}

/** `reports` is null until all are there: figures of different spans are not put together. */
function together(answers: readonly Answer[]) {
  const reports = answers.flatMap(({ data, isPlaceholderData }) => (isPlaceholderData ? [] : (data ?? [])));
  return {
    reports: reports.length === answers.length ? reports : null,
    error: answers.find(({ error }) => error)?.error ?? null,
    refetch: () => {
      for (const answer of answers) void answer.refetch();
    },
  };
}
