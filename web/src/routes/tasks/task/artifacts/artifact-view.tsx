// One artifact: what it is, its preview, and the way to have it.
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { commandRequest } from '../../../../api/command-request.ts';
import { useSeed } from '../../../../api/seed-context.ts';
import { bytes } from '../../../../format/numbers.ts';
import { buttonLook } from '../../../../ui/button.tsx';
import { CopyButton } from '../../../../ui/copy-button.tsx';
import { ForeignBlock } from '../../../../ui/foreign-block.tsx';
import { ForeignText } from '../../../../ui/foreign-text.tsx';
import { Icon } from '../../../../ui/icon.tsx';
import { ErrorNotice, Skeleton } from '../../../../ui/states.tsx';
import type { Artifact } from './artifacts.tsx';
import { CsvTable } from './csv-table.tsx';
import { ImageView } from './image-view.tsx';
import { type Preview, readPreview } from './preview.ts';

interface ArtifactViewProps {
  taskId: string;
  artifact: Artifact;
}

export function ArtifactView({ taskId, artifact }: ArtifactViewProps) {
  const seed = useSeed();
  const { name, type, size, sha256 } = artifact;
  const { data, error, refetch } = useQuery<Preview>({
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
      {error && <ErrorNotice error={error} retry={() => void refetch()} />}
      {!data && !error && <Skeleton className="h-48 w-full" />}
      {data && <PreviewView preview={data} name={name} />}
    </article>
  );
}

/** The answer comes as an attachment, whatever it is: a browser keeps it and shows nothing of it. */
function DownloadLink({ taskId, name }: { taskId: string; name: string }) {
  const { manifest } = useSeed();
  const command = manifest.commands.find((one) => one.name === 'tasks artifacts get');
  if (!command) return null;
  return (
    <a href={commandRequest(command, { id: taskId, name }).path} download className={buttonLook('plain')}>
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
        <Boxed>
          <ForeignBlock mono text={preview.text} />
          {preview.cut && <p className="mt-2 text-sm text-muted">Only the beginning is shown.</p>}
        </Boxed>
      );
    case 'none':
      return <p className="text-muted">{preview.why}</p>;
  }
}

function Boxed({ children }: { children: ReactNode }) {
  return <div className="rounded-lg border border-line bg-surface px-4 py-3">{children}</div>;
}
