// A labelled choice among a few, the browser's own.
import type { ComponentProps } from 'react';
import { classNames } from './class-names.ts';
import { INPUT_LOOK } from './field.tsx';
import { Labelled, type Labels } from './labelled.tsx';

interface SelectProps extends Omit<ComponentProps<'select'>, 'onChange' | keyof Labels>, Labels {
  options: readonly { value: string; label: string }[];
  onChange(value: string): void;
}

export function SelectField({
  label,
  labelHidden,
  hint,
  error,
  options,
  onChange,
  className,
  ...select
}: SelectProps) {
  return (
    <Labelled
      {...{ label, labelHidden, hint, error, className }}
      control={(tied) => (
        <select
          {...tied}
          {...select}
          onChange={(event) => onChange(event.currentTarget.value)}
          className={classNames(INPUT_LOOK, 'pr-2 pl-2.5')}
        >
          {options.map((option) => (
            <option key={option.value} value={option.value}>
              {option.label}
            </option>
          ))}
        </select>
      )}
    />
  );
}
