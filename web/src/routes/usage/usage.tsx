// /usage: totals, charts by day, a table by key, model or command, and what failed.
import { useNavigate, useSearch } from '@tanstack/react-router';
import { type SpanSearch, spanInput } from '../../format/spans.ts';
import { fullTime } from '../../format/times.ts';
import { CodeBlock } from '../../ui/code.tsx';
import { PageFrame } from '../../ui/page-frame.tsx';
import { Section } from '../../ui/section.tsx';
import { SpanPicker } from '../../ui/span-picker.tsx';
import { ErrorNotice, Skeleton } from '../../ui/states.tsx';
import { ByDay } from './by-day.tsx';
import { Errors } from './errors.tsx';
import { GroupTable } from './group-table.tsx';
import { isGrouping } from './groupings.ts';
import { OnlyKey } from './only-key.tsx';
import { Totals } from './totals.tsx';
import { USAGE_SPANS } from './usage-spans.ts';
import { type Asked, useOverview } from './use-usage.ts';

export function Usage() {
  const { by, key, ...span } = useSearch({ from: '/shell/usage' });
  const navigate = useNavigate({ from: '/usage' });
  const asked: Asked = { ...spanInput(span, Date.now()), ...(key !== undefined && { keyId: key }) };
  const { data, error, refetch } = useOverview(asked);
  const setSpan = (chosen: SpanSearch) => void navigate({ search: { by, key, ...chosen }, replace: true });
  const setKey = (chosen: string | undefined) =>
    void navigate({ search: (before) => ({ ...before, key: chosen }) });
  return (
    <PageFrame title="Usage" actions={<SpanPicker offered={USAGE_SPANS} value={span} onChange={setSpan} />}>
      {key !== undefined && <OnlyKey id={key} onClear={() => setKey(undefined)} />}
      {error && <ErrorNotice error={error} retry={() => void refetch()} />}
      {!data && !error && <UsageSkeleton />}
      {data && (
        <>
          {data.summary.missingBefore && <Missing before={data.summary.missingBefore} />}
          <Totals summary={data.summary} />
          <ByDay reports={data.days} from={data.summary.from} to={data.summary.to} />
          <GroupTable
            by={isGrouping(by) ? by : 'key'}
            between={data.between}
            onBy={(chosen) =>
              void navigate({ search: (before) => ({ ...before, by: chosen }), replace: true })
            }
            onKey={setKey}
          />
          <Errors between={data.between} />
        </>
      )}
      <Section title="The same in the CLI">
        <CodeBlock text={cliCall(asked)} label="Copy the command" />
      </Section>
    </PageFrame>
  );
}

function UsageSkeleton() {
  return (
    <div role="status" aria-label="Loading" className="flex flex-col gap-5">
      <Skeleton className="h-24 w-full" />
      <Skeleton className="h-72 w-full" />
      <Skeleton className="h-40 w-full" />
    </div>
  );
}

function Missing({ before }: { before: string }) {
  return (
    <p className="rounded-lg bg-warn-soft px-3 py-2 text-warn">
      This begins before {fullTime(before)}: what is older may be deleted already.
    </p>
  );
}

function cliCall({ since, until, month, keyId }: Asked): string {
  const flags = { '--since': since, '--until': until, '--month': month, '--key-id': keyId };
  const given = Object.entries(flags).flatMap(([flag, value]) => (value === undefined ? [] : [flag, value]));
  return ['seed obs summary', ...given].join(' ');
}
