// Files that the agent finds in /workspace/in: dropped here or chosen.
import { type DragEvent, useRef, useState } from 'react';
import { LIMITS } from '../../../../src/protocol/limits.ts';
import { bytes } from '../../format/numbers.ts';
import { Button, IconButton } from '../../ui/button.tsx';
import { classNames } from '../../ui/class-names.ts';
import { FormSection } from './form-section.tsx';

interface FilesFieldProps {
  files: readonly File[];
  onChange(files: readonly File[]): void;
  problem: string | null;
}

export function FilesField({ files, onChange, problem }: FilesFieldProps) {
  const [isOver, setOver] = useState(false);
  const input = useRef<HTMLInputElement>(null);
  /** One of the same name takes the place of the one before. */
  const add = (more: FileList | null) => {
    const added = [...(more ?? [])];
    onChange([...files.filter(({ name }) => !added.some((one) => one.name === name)), ...added]);
  };
  const drop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    add(event.dataTransfer.files);
  };
  return (
    <FormSection
      title="Files"
      hint={`The agent reads them in /workspace/in. At most ${LIMITS.filesPerTask} and ${bytes(LIMITS.fileBytesPerTask)} together; they are not part of the link.`}
    >
      <section
        aria-label="Drop files here"
        onDragOver={(event) => {
          event.preventDefault();
          setOver(true);
        }}
        onDragLeave={() => setOver(false)}
        onDrop={drop}
        className={classNames(
          'flex flex-col gap-2 rounded-lg border border-dashed p-3',
          isOver ? 'border-accent bg-accent-soft' : 'border-control',
        )}
      >
        {files.length > 0 && (
          <Chosen files={files} onRemove={(gone) => onChange(files.filter((file) => file !== gone))} />
        )}
        <div className="flex items-center gap-3">
          <Button icon="plus" onClick={() => input.current?.click()}>
            Choose files
          </Button>
          <span className="text-sm text-muted">or drop them here</span>
          <input
            ref={input}
            type="file"
            multiple
            hidden
            aria-label="Files"
            onChange={(event) => {
              add(event.currentTarget.files);
              event.currentTarget.value = '';
            }}
          />
        </div>
      </section>
      {problem && (
        <p role="alert" className="text-sm text-bad">
          {problem}
        </p>
      )}
    </FormSection>
  );
}

function Chosen({ files, onRemove }: { files: readonly File[]; onRemove(file: File): void }) {
  return (
    <ul className="divide-y divide-line rounded-md border border-line bg-surface">
      {files.map((file) => (
        <li key={file.name} className="flex items-center gap-3 py-0.5 pr-1 pl-3">
          <span className="min-w-0 flex-1 truncate font-mono text-sm">{file.name}</span>
          <span className="text-sm text-muted tabular-nums">{bytes(file.size)}</span>
          <IconButton label={`Remove ${file.name}`} icon="close" onClick={() => onRemove(file)} />
        </li>
      ))}
    </ul>
  );
}
