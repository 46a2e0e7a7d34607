// A checkbox with its text, all of which can be clicked.
import { type ComponentProps, type ReactNode, useEffect, useRef } from 'react';

interface CheckboxProps extends Omit<ComponentProps<'input'>, 'onChange' | 'type' | 'children'> {
  /** Some of what it stands for is chosen. */
  indeterminate?: boolean;
  onChange(checked: boolean): void;
  children: ReactNode;
}

export function Checkbox({ indeterminate = false, onChange, children, ...input }: CheckboxProps) {
  const ref = useRef<HTMLInputElement>(null);
  useEffect(() => {
    if (ref.current) ref.current.indeterminate = indeterminate;
  }, [indeterminate]);
  return (
    <label className="flex min-w-0 cursor-pointer items-start gap-2.5">
      <input
        ref={ref}
        type="checkbox"
        {...input}
        onChange={(event) => onChange(event.currentTarget.checked)}
        className="mt-0.5 size-4 shrink-0 cursor-pointer accent-accent"
      />
      <span className="min-w-0">{children}</span>
    </label>
  );
}
