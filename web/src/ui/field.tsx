// A labelled input with its explanation and its error, tied together for screen readers.
import { type ComponentProps, type ReactNode, useId } from 'react';
import { classNames } from './class-names.ts';
import { Icon } from './icon.tsx';

/** 16 px on phones: smaller text makes them zoom in. */
export const INPUT_LOOK =
  'h-8 w-full rounded-md border border-control bg-surface px-3 text-lg md:text-base text-ink placeholder:text-faint aria-invalid:border-bad';

interface FieldProps extends ComponentProps<'input'> {
  label: string;
  hint?: ReactNode;
  error?: ReactNode;
}

export function Field({ label, hint, error, className, ...input }: FieldProps) {
  const id = useId();
  const described = [hint && `${id}-hint`, error && `${id}-error`].filter(Boolean).join(' ');
  return (
    <div className={classNames('flex flex-col gap-1', className)}>
      <label htmlFor={id} className="font-medium">
        {label}
      </label>
      <input
        id={id}
        {...input}
        aria-invalid={error ? true : undefined}
        aria-describedby={described || undefined}
        className={INPUT_LOOK}
      />
      {hint && (
        <p id={`${id}-hint`} className="text-sm text-muted">
          {hint}
        </p>
      )}
      {error && (
        <p id={`${id}-error`} role="alert" className="text-sm text-bad">
          {error}
        </p>
      )}
    </div>
  );
}

interface SearchProps extends Omit<ComponentProps<'input'>, 'onChange'> {
  label: string;
  onChange(text: string): void;
}

/** The search of a page: `/` leads here (useSearchKey), Escape empties it and leaves. */
export function SearchField({ label, onChange, className, ...input }: SearchProps) {
  return (
    <div className={classNames('relative', className)}>
      <Icon name="search" className="pointer-events-none absolute top-2 left-2.5 text-faint" />
      <input
        type="search"
        aria-label={label}
        placeholder={label}
        autoComplete="off"
        spellCheck={false}
        {...input}
        onChange={(event) => onChange(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key !== 'Escape') return;
          event.preventDefault();
          onChange('');
          event.currentTarget.blur();
        }}
        className={classNames(INPUT_LOOK, 'pl-8')}
      />
    </div>
  );
}
