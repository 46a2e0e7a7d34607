// A labelled input with its explanation and its error, tied together for screen readers.
import type { ComponentProps } from 'react';
import { classNames } from './class-names.ts';
import { Icon } from './icon.tsx';
import { Labelled, type Labels } from './labelled.tsx';

/** 16 px on phones: smaller text makes them zoom in. */
export const INPUT_LOOK =
  'h-8 w-full rounded-md border border-control bg-surface px-3 text-lg md:text-base text-ink placeholder:text-faint aria-invalid:border-bad';

type FieldProps = ComponentProps<'input'> & Labels;

export function Field({ label, hint, error, className, ...input }: FieldProps) {
  return (
    <Labelled
      {...{ label, hint, error, className }}
      control={(tied) => <input {...tied} {...input} className={INPUT_LOOK} />}
    />
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
