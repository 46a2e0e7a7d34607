// Signing in and out at the platform's own provider: the way there, and what became of it.
import { useQuery } from '@tanstack/react-query';
import type { SignInProblem } from '../../../../src/protocol/sign-in.ts';
import { BASE_PATH } from '../../api/base-path.ts';
import { providerSignOutQuery } from '../../api/ways.ts';
import { buttonLook } from '../../ui/button.tsx';
import { Icon } from '../../ui/icon.tsx';
import { problemWords } from './problem-words.ts';

/** Leads there and back again to `to`; nothing of it is a request of this page. */
export function ProviderButton({ name, to, again = false }: { name: string; to: string; again?: boolean }) {
  const search = new URLSearchParams({ ...(to !== '/' && { to }), ...(again && { again: 'true' }) });
  return (
    <a
      href={`${BASE_PATH}/session/oidc${search.size > 0 ? `?${search}` : ''}`}
      className={buttonLook(
        again ? 'plain' : 'primary',
        'h-auto! min-h-8 py-1 text-center whitespace-normal! wrap-anywhere',
      )}
    >
      {again ? 'Sign in as somebody else' : `Sign in with ${name}`}
    </a>
  );
}

interface ProblemProps {
  problem: SignInProblem;
  /** Null: there is none any more. */
  provider: string | null;
  request: string | undefined;
  to: string;
}

export function SignInProblemNotice({ problem, provider, request, to }: ProblemProps) {
  const { title, next, another } = problemWords(problem, provider ?? 'The provider');
  return (
    <div role="alert" className="flex gap-3 rounded-lg border border-bad bg-bad-soft p-4">
      <Icon name="warning" className="mt-0.5 text-bad" />
      <div className="flex min-w-0 flex-col items-start gap-1">
        <p className="font-medium wrap-anywhere">{title}</p>
        <p className="text-muted wrap-anywhere">{next}</p>
        {request && <p className="font-mono text-xs text-muted wrap-anywhere">request {request}</p>}
        {another && provider && (
          <div className="mt-2">
            <ProviderButton name={provider} to={to} again />
          </div>
        )}
      </div>
    </div>
  );
}

/** Whoever has signed out of Seed is still signed in at the provider, and the next person there would be them. */
export function SignedOut({ provider }: { provider: string }) {
  const { data } = useQuery(providerSignOutQuery);
  return (
    <p role="status" className="rounded-lg bg-info-soft p-3 text-info">
      You are signed out of Seed, and may still be signed in at {provider}.{' '}
      {data?.url && (
        <a href={data.url} className="font-medium underline">
          Sign out there, too
        </a>
      )}
    </p>
  );
}
