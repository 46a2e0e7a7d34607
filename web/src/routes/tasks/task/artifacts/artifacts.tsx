// What the agent left in /workspace/out: to be looked at and downloaded.
import { useQuery } from '@tanstack/react-query';
import { Link, useSearch } from '@tanstack/react-router';
import { useEffect, useRef, useState } from 'react';
import { restCall } from '../../../../../../src/lib/rest-call.ts';
import { BASE_PATH } from '../../../../api/base-path.ts';
import { usePages, useSeed } from '../../../../api/use-command.ts';
import { bytes, count } from '../../../../format/readable.ts';
import { buttonLook } from '../../../../ui/button.tsx';
import { CopyButton } from '../../../../ui/code.tsx';
import { ForeignBlock, ForeignText } from '../../../../ui/foreign-text.tsx';
import { Icon } from '../../../../ui/icon.tsx';
import { useRowKeys } from '../../../../ui/keyboard.ts';
import { Answer, EmptyState, ListAnswer, Skeleton } from '../../../../ui/states.tsx';
import { ScrollBox } from '../../../../ui/table.tsx';
import { useTask, ViewFrame } from '../open-task.tsx';
import { type Artifact, type Preview, readPreview } from './preview.ts';

const REFRESH_MS = 3_000;

export function Artifacts() {
  const { task } = useTask();
  const { may } = useSeed();
  const { name } = useSearch({ from: '/shell/tasks/$id/artifacts' });
  const list = useRef<HTMLUListElement>(null);
  useRowKeys(list, 'artifact');
  const refresh = task.completedAt === null ? { refreshMs: REFRESH_MS } : {};
  const artifacts = usePages('tasks artifacts list', { id: task.id }, refresh);
  const { items } = artifacts;
  const chosen = items.find((artifact) => artifact.name === name) ?? (name === undefined ? items[0] : undefined);
  return (
    <ViewFrame label="Artifacts">
      <ListAnswer
        query={artifacts}
        empty={
          <EmptyState icon="file" title="No artifacts">
            What an agent leaves in <code className="font-mono">/workspace/out</code> is kept and can be looked at
            here, also while it runs: ask it for a report as a file.
          </EmptyState>
        }
      >
        <div className="grid items-start gap-6 lg:grid-cols-[18rem_minmax(0,1fr)]">
          <ul
            ref={list}
            aria-label="Artifacts"
            className="flex max-h-64 flex-col gap-0.5 overflow-y-auto lg:max-h-none"
          >
            {items.map((artifact) => (
              <li key={artifact.name}>
                <ArtifactLink artifact={artifact} chosen={artifact === chosen} />
              </li>
            ))}
          </ul>
          {chosen && may('tasks artifacts get') && (
            <ArtifactView key={`${chosen.name} ${chosen.sha256}`} taskId={task.id} artifact={chosen} />
          )}
          {!chosen && <p className="text-muted">This task has no artifact of that name.</p>}
        </div>
      </ListAnswer>
    </ViewFrame>
  );
}

function ArtifactLink({ artifact: { name, size }, chosen }: { artifact: Artifact; chosen: boolean }) {
  return (
    <Link
      data-row
      to="."
      search={{ name }}
      replace
      aria-current={chosen ? 'true' : undefined}
      className={`flex items-center gap-2 rounded-md px-2 py-1.5 -outline-offset-2! hover:bg-sunken ${chosen ? 'bg-accent-soft!' : ''}`}
    >
      <Icon name="file" className="text-muted" />
      <span className="min-w-0 flex-1 truncate">
        <ForeignText text={name} />
      </span>
      <span className="text-sm whitespace-nowrap text-muted tabular-nums">{bytes(size)}</span>
    </Link>
  );
}

function ArtifactView({ taskId, artifact }: { taskId: string; artifact: Artifact }) {
  const seed = useSeed();
  const { name, type, size, sha256 } = artifact;
  const preview = useQuery<Preview>({
    queryKey: ['tasks artifacts get', { id: taskId, name }, sha256],
    queryFn: async ({ signal }) =>
      readPreview(artifact, () => seed.open('tasks artifacts get', { id: taskId, name }, { signal })),
    staleTime: Number.POSITIVE_INFINITY,
    // A preview can be a large image.
    gcTime: 0,
  });
  return (
    <article aria-label="Artifact" className="flex min-w-0 flex-col gap-4">
      <header className="flex flex-wrap items-start justify-between gap-3">
        <div className="min-w-0">
          <h2 className="font-semibold wrap-anywhere">
            <ForeignText text={name} />
          </h2>
          <p className="text-sm text-muted">
            <ForeignText text={type} /> · {bytes(size)}
          </p>
          <p className="flex items-center gap-1 text-xs text-muted">
            <span className="min-w-0 truncate font-mono" title={sha256}>
              SHA-256 {sha256.slice(0, 16)}…
            </span>
            <CopyButton text={sha256} label="Copy the SHA-256" />
          </p>
        </div>
        <DownloadLink taskId={taskId} name={name} />
      </header>
      <Answer query={preview} skeleton={<Skeleton className="h-48 w-full" />}>
        {(data) => <PreviewView preview={data} name={name} />}
      </Answer>
    </article>
  );
}

/** The answer comes as an attachment, whatever it is: a browser keeps it and shows nothing of it. */
function DownloadLink({ taskId, name }: { taskId: string; name: string }) {
  const { manifest } = useSeed();
  const command = manifest.commands.find((one) => one.name === 'tasks artifacts get');
  if (!command) return null;
  return (
    <a href={BASE_PATH + restCall(command, { id: taskId, name }).path} download className={buttonLook('plain')}>
      <Icon name="download" />
      Download
    </a>
  );
}

function PreviewView({ preview, name }: { preview: Preview; name: string }) {
  switch (preview.kind) {
    case 'image':
      return <ImageView content={preview.content} name={name} />;
    case 'csv':
      return <CsvTable {...preview} />;
    case 'text':
      return (
        <div className="rounded-lg border border-line bg-surface px-4 py-3">
          <ForeignBlock mono text={preview.text} />
          {preview.cut && <p className="mt-2 text-sm text-muted">Only the beginning is shown.</p>}
        </div>
      );
    case 'none':
      return <p className="text-muted">{preview.why}</p>;
  }
}

const NUMBER = /^-?[\d.,]+%?$/;

function CsvTable({ rows, cut }: { rows: readonly string[][]; cut: boolean }) {
  const [header = [], ...body] = rows;
  return (
    <div className="flex flex-col gap-2">
      <ScrollBox label="Rows" className="max-h-[70vh] overflow-auto rounded-lg border border-line bg-surface">
        <table className="w-full border-collapse text-left text-sm">
          <thead className="sticky top-0 bg-sunken text-muted">
            <tr>
              {header.map((title, column) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: titles may repeat, and columns do not move
                <th key={column} scope="col" className="px-3 py-1.5 font-medium whitespace-nowrap">
                  <ForeignText text={title} />
                </th>
              ))}
            </tr>
          </thead>
          <tbody className="divide-y divide-line">
            {body.map((cells, row) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: rows do not move
              <tr key={row}>
                {cells.map((cell, column) => (
                  <td
                    // biome-ignore lint/suspicious/noArrayIndexKey: columns do not move
                    key={column}
                    className={`max-w-80 truncate px-3 py-1.5 ${NUMBER.test(cell) ? 'tabular-nums' : ''}`}
                    title={cell}
                  >
                    <ForeignText text={cell} />
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </ScrollBox>
      <p className="text-sm text-muted">
        {cut && 'Not all of it is shown: the first '}
        {count(body.length)} {body.length === 1 ? 'row' : 'rows'}
        {cut && ', cells of a certain length and at most 50 columns. Download it for the rest.'}
      </p>
    </div>
  );
}

function ImageView({ content, name }: { content: Blob; name: string }) {
  const [url, setUrl] = useState<string | null>(null);
  const [broken, setBroken] = useState(false);
  useEffect(() => {
    const made = URL.createObjectURL(content);
    setUrl(made);
    setBroken(false);
    return () => URL.revokeObjectURL(made);
  }, [content]);
  if (broken) return <p className="text-muted">This is not the image that it says it is. Download it.</p>;
  if (url === null) return null;
  return (
    <img
      src={url}
      alt={name}
      onError={() => setBroken(true)}
      className="max-h-[70vh] max-w-full self-start rounded-lg border border-line object-contain"
    />
  );
}
