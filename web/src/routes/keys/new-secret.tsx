// The secret of a new or rotated key, with the lines to begin with it.
import type { ReactNode } from 'react';
import { SecretNotice } from '../../ui/secret-notice.tsx';

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
