// /models: what is known of each model that tasks can be given, who says so, and what its last test found out.
import { type FormEvent, type ReactNode, useState } from 'react';
import type { FactSource, ModelView } from '../../../../src/protocol/model.ts';
import { useCommand, useSeed } from '../../api/use-command.ts';
import { count, money } from '../../format/readable.ts';
import { Badge, Status } from '../../ui/badge.tsx';
import { Button } from '../../ui/button.tsx';
import { Field } from '../../ui/fields.tsx';
import { PageFrame, Section } from '../../ui/page-frame.tsx';
import { RelativeTime } from '../../ui/relative-time.tsx';
import { Answer } from '../../ui/states.tsx';
import { type Column, Table } from '../../ui/table.tsx';
import { TestDialog } from './test-dialog.tsx';

export function Models() {
  const models = useCommand('models list', {});
  const { may } = useSeed();
  const [tested, setTested] = useState<string | null>(null);
  const columns = may('models test') ? [...COLUMNS, testColumn(setTested)] : COLUMNS;
  return (
    <PageFrame title="Models">
      <Answer query={models}>
        {({ items, others }) => (
          <>
            <Table label="Models" columns={columns} rows={items} rowKey={({ name }) => name} />
            {others && may('models test') && <OtherModel onTest={setTested} />}
          </>
        )}
      </Answer>
      {tested !== null && <TestDialog model={tested} onClose={() => setTested(null)} />}
    </PageFrame>
  );
}

const COLUMNS: readonly Column<ModelView>[] = [
  { title: 'Model', cell: (model) => <Name model={model} /> },
  {
    title: 'Context',
    numeric: true,
    cell: ({ contextTokens, sources }) => <Said by={sources['contextTokens']}>{count(contextTokens)}</Said>,
  },
  {
    title: 'Tools',
    from: 'sm',
    cell: ({ tools, sources }) => <Said by={sources['tools']}>{tools === 'bash' ? 'bash only' : 'all'}</Said>,
  },
  {
    title: 'Tool calls',
    from: 'sm',
    cell: ({ toolCalls, sources }) => (
      <Said by={sources['toolCalls']}>{toolCalls === 'text' ? 'as text' : 'native'}</Said>
    ),
  },
  { title: 'Price a million', from: 'md', cell: (model) => <Price model={model} /> },
  { title: 'Last test', from: 'sm', cell: ({ test }) => <LastTest test={test} /> },
];

function testColumn(onTest: (model: string) => void): Column<ModelView> {
  return {
    title: 'Does it work?',
    cell: ({ name }) => (
      <Button aria-label={`Test ${name}`} onClick={() => onTest(name)}>
        Test
      </Button>
    ),
  };
}

const RESTS = { resting: 'rests after a failure', on_trial: 'failed lately' } as const;

function Name({ model: { name, default: isDefault, note, health } }: { model: ModelView }) {
  return (
    <>
      <span className="flex flex-wrap items-center gap-2">
        <span className="font-mono text-sm font-medium wrap-anywhere">{name}</span>
        {isDefault && <Badge tone="info">default</Badge>}
        {health.state !== 'ok' && <Status tone="warn">{RESTS[health.state]}</Status>}
      </span>
      {note && <span className="block max-w-md text-sm text-muted">{note}</span>}
      {health.reason && <span className="block max-w-md text-sm text-muted wrap-anywhere">{health.reason}</span>}
    </>
  );
}

const WHO: Record<FactSource, string> = {
  settings: 'by the settings',
  test: 'by a test',
  prices: 'by the price list',
  upstream: 'by the upstream',
  size: 'by its size',
  table: 'by a kept table',
  usual: 'as usual',
};

/** A value, and below it who says so. */
function Said({ by = 'usual', children }: { by?: FactSource | undefined; children: ReactNode }) {
  return (
    <>
      <span className="block whitespace-nowrap">{children}</span>
      <span className="block text-sm whitespace-nowrap text-muted">{WHO[by]}</span>
    </>
  );
}

function Price({ model: { price, sources } }: { model: ModelView }) {
  if (price === null) return <span className="text-muted">not known</span>;
  return (
    <Said by={sources['price']}>
      {price.input + price.output === 0 ? 'free' : `${money(price.input)} in, ${money(price.output)} out`}
    </Said>
  );
}

function LastTest({ test }: Pick<ModelView, 'test'>) {
  if (test === null) return <span className="text-muted">none</span>;
  return (
    <>
      <Status tone={!test.answered ? 'bad' : test.toolCalls === 'none' ? 'warn' : 'ok'}>
        {!test.answered ? 'No answer' : test.toolCalls === 'none' ? 'Called no tool' : 'Works'}
      </Status>
      <span className="block text-sm whitespace-nowrap text-muted">
        <RelativeTime at={test.testedAt} />
      </span>
    </>
  );
}

/** The upstream may have more models than are known by name. */
function OtherModel({ onTest }: { onTest(model: string): void }) {
  const [name, setName] = useState('');
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (name.trim() !== '') onTest(name.trim());
  };
  return (
    <Section title="Another model" hint="The upstream may have more: any name that it knows can be given.">
      <form onSubmit={submit} className="flex flex-wrap items-end gap-2">
        <Field
          label="Name"
          autoComplete="off"
          spellCheck={false}
          maxLength={200}
          value={name}
          onChange={setName}
          className="w-72 max-w-full"
        />
        <Button type="submit" disabled={name.trim() === ''}>
          Test this model
        </Button>
      </form>
    </Section>
  );
}
