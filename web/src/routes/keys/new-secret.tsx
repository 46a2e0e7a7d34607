// What the pages of a new and of a present key share: the secret that is shown once, and the way back.

import { Link, useNavigate } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { buttonLook } from '../../ui/button.tsx';
import { CodeBlock } from '../../ui/code.tsx';
import { Icon } from '../../ui/icon.tsx';
import { useShortcut } from '../../ui/keyboard.ts';

interface NewSecretProps {
  title: string;
  secret: string;
  actions?: ReactNode;
}

export function NewSecret({ title, secret, actions }: NewSecretProps) {
  return (
    <SecretNotice title={title} secret={secret} actions={actions}>
      Set it as <code className="font-mono text-sm text-ink">SEED_API_KEY</code>, or give it to{' '}
      <code className="font-mono text-sm text-ink">seed login</code>.
    </SecretNotice>
  );
}

interface SecretNoticeProps {
  title: string;
  secret: string;
  /** What it is for, and how it is used. */
  children?: ReactNode;
  /** What one can do when it is copied. */
  actions?: ReactNode;
}

/** A secret that is shown this once, with what to do about it. */
function SecretNotice({ title, secret, children, actions }: SecretNoticeProps) {
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

/** The way back to the list, by hand and by Escape. */
export function BackToKeys() {
  const navigate = useNavigate();
  useShortcut('Escape', 'Back to the keys', () => void navigate({ to: '/keys', search: true }));
  return (
    <Link to="/keys" search className={buttonLook('quiet', '-mb-3 -ml-2 self-start px-2!')}>
      <Icon name="chevron" className="rotate-180" />
      Keys
    </Link>
  );
}
