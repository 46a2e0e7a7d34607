// Search and filters of the list of keys. All of them stand in the address.
import type { RefObject } from 'react';
import { LIMITS } from '../../../../src/protocol/limits.ts';
import { Checkbox } from '../../ui/checkbox.tsx';
import { SearchField } from '../../ui/field.tsx';
import { SelectField } from '../../ui/select-field.tsx';
import { STATUS_NAMES } from './key-status.ts';
import type { KeysSearch } from './page.ts';

const UNUSED_DAYS = [7, 30, 90];

interface KeyFiltersProps {
  ref: RefObject<HTMLInputElement | null>;
  filters: KeysSearch;
  change(changed: KeysSearch): void;
}

export function KeyFilters({ ref, filters, change }: KeyFiltersProps) {
  const { q = '', status, unused, tasks } = filters;
  // A linked filter of another number of days is a choice, too.
  const days = [...new Set([...UNUSED_DAYS, ...(unused ? [unused] : [])])].sort((a, b) => a - b);
  return (
    <search className="flex flex-wrap items-center gap-x-4 gap-y-2">
      <SearchField
        ref={ref}
        label="Search keys"
        value={q}
        maxLength={LIMITS.nameLength}
        onChange={(text) => change({ q: text || undefined })}
        className="w-full sm:w-64"
      />
      <SelectField
        label="Status"
        labelHidden
        value={status ?? ''}
        onChange={(value) => change({ status: STATUS_NAMES.find((name) => name === value) })}
        options={[
          { value: '', label: 'Any status' },
          ...STATUS_NAMES.map((name) => ({ value: name, label: capitalised(name) })),
        ]}
        className="min-w-36 flex-1 sm:flex-none"
      />
      <SelectField
        label="Use"
        labelHidden
        value={String(unused ?? '')}
        onChange={(value) => change({ unused: Number(value) || undefined })}
        options={[
          { value: '', label: 'Used or not' },
          ...days.map((count) => ({ value: String(count), label: `Unused for ${count} days` })),
        ]}
        className="min-w-40 flex-1 sm:flex-none"
      />
      <Checkbox checked={tasks ?? false} onChange={(on) => change({ tasks: on || undefined })}>
        Task keys
      </Checkbox>
    </search>
  );
}

function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
