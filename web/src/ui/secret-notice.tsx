// A secret that is shown this once, with what to do about it.
import type { ReactNode } from 'react';
import { CodeBlock } from './code.tsx';

interface SecretNoticeProps {
  title: string;
  secret: string;
  /** What it is for, and how it is used. */
  children?: ReactNode;
  /** What one can do when it is copied. */
  actions?: ReactNode;
}

export function SecretNotice({ title, secret, children, actions }: SecretNoticeProps) {
  return (
    <section
      aria-label={title}
      className="flex flex-col gap-3 rounded-lg border border-accent bg-accent-soft p-4"
    >
      <h2 role="status" className="font-semibold">
        {title}
      </h2>
      <p>
        <strong className="font-semibold">Copy it now: you will not see it again.</strong> Seed keeps only its
        hash.
      </p>
      <CodeBlock text={secret} label="Copy the secret" className="bg-surface" />
      {children && <div className="text-muted">{children}</div>}
      {actions && <div className="flex flex-wrap gap-2">{actions}</div>}
    </section>
  );
}
