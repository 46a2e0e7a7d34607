// A choice among few, on the browser's own <select>.
import { type ComponentProps, useId } from 'react';
import { classNames } from './class-names.ts';
import { INPUT_LOOK } from './field.tsx';

interface SelectProps<Value extends string> extends Omit<ComponentProps<'select'>, 'onChange' | 'value'> {
  label: string;
  /** Filters need no label beside them: it is read out, and shown on hovering. */
  labelHidden?: boolean;
  value: Value;
  options: readonly { value: Value; label: string }[];
  onChange(value: Value): void;
}

export function Select<Value extends string>({
  label,
  labelHidden = false,
  value,
  options,
  onChange,
  className,
  ...rest
}: SelectProps<Value>) {
  const id = useId();
  return (
    <div className={classNames('flex flex-col gap-1', className)}>
      <label htmlFor={id} className={labelHidden ? 'sr-only' : 'font-medium'}>
        {label}
      </label>
      <select
        id={id}
        {...(labelHidden && { title: label })}
        {...rest}
        value={value}
        onChange={(event) => onChange(event.currentTarget.value as Value)}
        className={classNames(INPUT_LOOK, 'pr-1 pl-2')}
      >
        {options.map((option) => (
          <option key={option.value} value={option.value}>
            {option.label}
          </option>
        ))}
      </select>
    </div>
  );
}
