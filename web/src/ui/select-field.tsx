// A labelled choice among a few, the browser's own.
import { type ComponentProps, type ReactNode, useId } from 'react';
import { classNames } from './class-names.ts';
import { INPUT_LOOK } from './field.tsx';

interface SelectProps extends Omit<ComponentProps<'select'>, 'onChange'> {
  label: string;
  /** The label is read out alone: for filters, whose choices say what they are. */
  labelHidden?: boolean;
  hint?: ReactNode;
  options: readonly { value: string; label: string }[];
  onChange(value: string): void;
}

export function SelectField({
  label,
  labelHidden,
  hint,
  options,
  onChange,
  className,
  ...select
}: SelectProps) {
  const id = useId();
  return (
    <div className={classNames('flex flex-col gap-1', className)}>
      <label htmlFor={id} className={labelHidden ? 'sr-only' : 'font-medium'}>
        {label}
      </label>
      <select
        id={id}
        aria-describedby={hint ? `${id}-hint` : undefined}
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
      {hint && (
        <p id={`${id}-hint`} className="text-sm text-muted">
          {hint}
        </p>
      )}
    </div>
  );
}
