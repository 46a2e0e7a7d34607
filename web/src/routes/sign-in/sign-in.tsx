// Signing in with an API key, which goes to the server alone, or at the platform's own provider. What stays is a
// cookie that no script can read.
import { useMutation, useSuspenseQuery } from '@tanstack/react-query';
import { useRouter, useSearch } from '@tanstack/react-router';
import { type FormEvent, useRef } from 'react';
import type { ErrorCode } from '../../../../src/protocol/errors.ts';
import { BASE_PATH } from '../../api/base-path.ts';
import { signIn } from '../../api/request.ts';
import { waysQuery } from '../../api/ways.ts';
import { Button } from '../../ui/button.tsx';
import { Field } from '../../ui/fields.tsx';
import { Logo } from '../../ui/icon.tsx';
import { ErrorNotice } from '../../ui/states.tsx';
import { ProviderButton, SignedOut, SignInProblemNotice } from './provider.tsx';

const BECAUSE: Partial<Record<ErrorCode, string>> = {
  key_revoked: 'The key you were signed in with was revoked.',
  key_disabled: 'The key you were signed in with was switched off.',
  key_expired: 'The key you were signed in with has expired.',
  key_rotated: 'The key you were signed in with was rotated. Sign in with its new secret.',
};

export function SignIn() {
  const { to = '/', because, problem, request, out } = useSearch({ from: '/sign-in' });
  const provider = useSuspenseQuery(waysQuery).data.provider?.name ?? null;
  const router = useRouter();
  const form = useRef<HTMLFormElement>(null);
  const signingIn = useMutation({
    mutationFn: signIn,
    onSuccess: () => {
      form.current?.reset();
      router.history.push(BASE_PATH + to);
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const key = String(new FormData(form.current ?? undefined).get('key') ?? '').trim();
    if (key !== '') signingIn.mutate(key);
  };
  return (
    <main className="flex min-h-dvh flex-col items-center justify-center p-6">
      <title>Sign in · Seed</title>
      <div className="flex w-full max-w-sm flex-col gap-6">
        <header className="flex flex-col items-center gap-3 text-center">
          <Logo size="size-10" />
          <h1 className="text-xl font-semibold">Sign in to Seed</h1>
        </header>
        {because && !signingIn.isError && (
          <p role="status" className="rounded-lg bg-info-soft p-3 text-info">
            {BECAUSE[because]?.replace('The key', provider ? 'The key or login' : 'The key') ??
              'Your session has ended.'}{' '}
            You come back to where you were.
          </p>
        )}
        {out && provider && <SignedOut provider={provider} />}
        {problem && !signingIn.isError && (
          <SignInProblemNotice problem={problem} provider={provider} request={request} to={to} />
        )}
        {provider && (
          <>
            <ProviderButton name={provider} to={to} />
            <p className="flex items-center gap-3 text-sm text-muted before:h-px before:flex-1 before:bg-line after:h-px after:flex-1 after:bg-line">
              or with a key
            </p>
          </>
        )}
        <form
          ref={form}
          onSubmit={submit}
          className="flex flex-col gap-4 rounded-xl border border-line bg-surface p-6"
        >
          <Field
            label="API key"
            name="key"
            type="password"
            placeholder="sk_live_…"
            autoComplete="off"
            autoCapitalize="none"
            spellCheck={false}
            autoFocus={provider === null}
            required
          />
          {signingIn.isError && <ErrorNotice error={signingIn.error} />}
          <Button type="submit" kind={provider ? 'plain' : 'primary'} busy={signingIn.isPending}>
            {signingIn.isPending ? 'Signing in' : 'Sign in'}
          </Button>
        </form>
        <section className="flex flex-col gap-2 px-6 text-muted">
          <h2 className="font-medium text-ink">Where do I get a key?</h2>
          <p>
            <code className="font-mono text-sm text-ink">npm start</code> prints the first one, once. Whoever has a
            key makes more:
          </p>
          <p className="font-mono text-xs text-ink sm:text-sm">seed keys create --name me --scopes '*'</p>
          <p>The dashboard can do what the key can do, and nothing else.</p>
        </section>
      </div>
    </main>
  );
}
