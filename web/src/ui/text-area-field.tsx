// A labelled text of several lines.
import type { ComponentProps } from 'react';
import { Labelled, type Labels } from './labelled.tsx';

interface TextAreaProps extends Omit<ComponentProps<'textarea'>, 'onChange' | keyof Labels>, Labels {
  onChange(text: string): void;
}

export function TextAreaField({ label, hint, error, onChange, className, ...area }: TextAreaProps) {
  return (
    <Labelled
      {...{ label, hint, error, className }}
      control={(tied) => (
        <textarea
          {...tied}
          {...area}
          onChange={(event) => onChange(event.currentTarget.value)}
          className="w-full rounded-md border border-control bg-surface px-3 py-2 text-lg text-ink placeholder:text-faint aria-invalid:border-bad md:text-base"
        />
      )}
    />
  );
}
