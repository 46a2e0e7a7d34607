// Search and filters of the list; all of it stands in the address.
import { useRef } from 'react';
import { useSeed } from '../../api/seed-context.ts';
import { useSearchKey } from '../../shell/keyboard/use-shortcut.ts';
import { Button } from '../../ui/button.tsx';
import { SearchField } from '../../ui/field.tsx';
import { SelectField } from '../../ui/select-field.tsx';
import { isTaskStatus, statusLabel, TASK_STATUSES, type TaskStatus } from './task-status.tsx';
import type { KeyNames } from './use-key-names.ts';

export interface Filters {
  q?: string | undefined;
  status?: TaskStatus | undefined;
  key?: string | undefined;
  parent?: string | undefined;
}

interface TaskFiltersProps {
  filters: Filters;
  names: KeyNames;
  onChange(changed: Filters): void;
}

const STATUSES = [
  { value: '', label: 'Any status' },
  ...TASK_STATUSES.map((status) => ({ value: status, label: statusLabel(status) })),
];

export function TaskFilters({ filters, names, onChange }: TaskFiltersProps) {
  const { may } = useSeed();
  const search = useRef<HTMLInputElement>(null);
  useSearchKey(search);
  const { q = '', status = '', key = '', parent } = filters;
  const unlisted = key !== '' && !names.keys.some(({ id }) => id === key);
  return (
    <div className="flex flex-wrap items-center gap-2">
      <SearchField
        ref={search}
        label="Search instructions, or an id"
        value={q}
        maxLength={100}
        onChange={(text) => onChange({ q: text || undefined })}
        className="w-full sm:w-auto sm:min-w-60 sm:flex-1"
      />
      <SelectField
        label="Status"
        labelHidden
        value={status}
        options={STATUSES}
        onChange={(chosen) => onChange({ status: isTaskStatus(chosen) ? chosen : undefined })}
        className="min-w-0 flex-1 sm:w-44 sm:flex-none"
      />
      {may('keys list') && (
        <SelectField
          label="Key"
          labelHidden
          value={key}
          options={[
            { value: '', label: 'Any key' },
            ...(unlisted ? [{ value: key, label: names.nameOf(key) }] : []),
            ...names.keys.map(({ id, name }) => ({ value: id, label: name })),
          ]}
          onChange={(chosen) => onChange({ key: chosen || undefined })}
          className="min-w-0 flex-1 sm:w-44 sm:flex-none"
        />
      )}
      {parent && (
        <Button icon="close" onClick={() => onChange({ parent: undefined })}>
          Started by task {parent.slice(0, 8)}
        </Button>
      )}
    </div>
  );
}
