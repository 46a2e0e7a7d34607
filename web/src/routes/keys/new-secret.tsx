// The secret of a new or rotated key, shown this once, with the lines to begin with it.
import type { ReactNode } from 'react';
import { CodeBlock } from '../../ui/code.tsx';

interface NewSecretProps {
  title: string;
  secret: string;
  /** What one can do when it is copied. */
  actions: ReactNode;
}

export function NewSecret({ title, secret, actions }: NewSecretProps) {
  return (
    <section aria-label={title} className="flex flex-col gap-3 rounded-lg border border-accent bg-accent-soft p-4">
      <h2 role="status" className="font-semibold">
        {title}
      </h2>
      <p>
        <strong className="font-semibold">Copy it now: you will not see it again.</strong> Seed keeps only its
        hash.
      </p>
      <CodeBlock text={secret} label="Copy the secret" className="bg-surface" />
      <p className="text-muted">
        Set it as <code className="font-mono text-sm text-ink">SEED_API_KEY</code>, or give it to{' '}
        <code className="font-mono text-sm text-ink">seed login</code>.
      </p>
      <div className="flex flex-wrap gap-2">{actions}</div>
    </section>
  );
}
