// /keys/new: what a key is for, what it may do and how far; then its secret, this once.
import { Link } from '@tanstack/react-router';
import { type FormEvent, useRef, useState } from 'react';
import { LIMITS } from '../../../../src/protocol/limits.ts';
import { useAction, useSeed } from '../../api/use-command.ts';
import { ScopeChecklist, scopeGroups } from '../../scopes/scope-checklist.tsx';
import { Button, buttonLook } from '../../ui/button.tsx';
import { Checkbox, Field, focusFirstInvalid } from '../../ui/fields.tsx';
import { useSubmitKey } from '../../ui/keyboard.ts';
import { BackLink, PageFrame, Section } from '../../ui/page-frame.tsx';
import { EmptyState, ErrorNotice } from '../../ui/states.tsx';
import { GrantsFields } from './grants.tsx';
import { changedGrants, grantsOf, grantsProblems, NO_GRANTS } from './grants-draft.ts';
import {
  ExpiryField,
  expiryOf,
  expiryProblem,
  LimitsFields,
  limitsOf,
  limitsProblems,
  NewSecret,
  NO_EXPIRY,
  NO_LIMITS,
} from './key-fields.tsx';

export function NewKey() {
  const { may } = useSeed();
  const creating = useAction('keys create');
  return (
    <PageFrame title="Create a key" width="narrow" above={<BackLink to="/keys">Keys</BackLink>}>
      {!may('keys create') ? (
        <EmptyState icon="key" title="This key may create no keys">
          That needs the scope keys:write. Sign in with a key that has it.
        </EmptyState>
      ) : creating.data ? (
        <NewSecret
          title={`The key “${creating.data.key.name}” is created`}
          secret={creating.data.secret}
          actions={
            <>
              <Link to="/keys/$id" params={{ id: creating.data.key.id }} className={buttonLook()}>
                Show the key
              </Link>
              <Button onClick={() => creating.reset()}>Create another</Button>
            </>
          }
        />
      ) : (
        <Form creating={creating} />
      )}
    </PageFrame>
  );
}

function Form({ creating }: { creating: ReturnType<typeof useAction<'keys create'>> }) {
  const { manifest, key } = useSeed();
  const [name, setName] = useState('');
  const [scopes, setScopes] = useState<readonly string[]>([]);
  const [isEverything, setEverything] = useState(false);
  const [expiry, setExpiry] = useState(NO_EXPIRY);
  const [limits, setLimits] = useState(NO_LIMITS);
  const [grants, setGrants] = useState(NO_GRANTS);
  const [isTried, setTried] = useState(false);
  const form = useRef<HTMLFormElement>(null);
  useSubmitKey(form);
  const problems = {
    name: name.trim() === '' ? 'Say what the key is for.' : null,
    scopes: isEverything || scopes.length > 0 ? null : 'Choose at least one scope.',
    expiry: expiryProblem(expiry, Date.now()),
    ...limitsProblems(limits),
    ...grantsProblems(grants),
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (creating.isPending) return;
    setTried(true);
    if (Object.values(problems).some((problem) => problem !== null)) return focusFirstInvalid(form);
    const given = Object.entries(limitsOf(limits)).filter(([, value]) => value !== null);
    creating.mutate({
      name: name.trim(),
      scopes: isEverything ? ['*'] : [...scopes],
      ...expiryOf(expiry),
      ...Object.fromEntries(given),
      ...changedGrants(grants, grantsOf(NO_GRANTS)),
    });
  };
  return (
    <form ref={form} noValidate onSubmit={submit} className="flex flex-col gap-6">
      <Field
        label="Name"
        placeholder="nightly audit"
        hint="What it is for"
        autoComplete="off"
        maxLength={LIMITS.nameLength}
        autoFocus
        value={name}
        onChange={setName}
        error={isTried ? problems.name : null}
      />
      <Section title="What it may do">
        {key.scopes.includes('*') && (
          <Checkbox checked={isEverything} onChange={setEverything}>
            Everything, also what commands are added later
          </Checkbox>
        )}
        {!isEverything && (
          <ScopeChecklist groups={scopeGroups(manifest.commands)} chosen={scopes} onChange={setScopes} />
        )}
        {isTried && problems.scopes && (
          <p role="alert" className="text-sm text-bad">
            {problems.scopes}
          </p>
        )}
      </Section>
      <ExpiryField
        draft={expiry}
        onChange={setExpiry}
        unsaid="90 days, or as long as your key"
        error={isTried ? problems.expiry : null}
      />
      <Section title="Limits">
        <LimitsFields draft={limits} problems={problems} onChange={setLimits} />
      </Section>
      <details className="flex flex-col gap-4">
        <summary className="font-semibold">What it may do without asking</summary>
        <div className="mt-3 flex flex-col gap-4">
          <GrantsFields draft={grants} problems={grantsProblems(grants)} onChange={setGrants} />
        </div>
      </details>
      {creating.isError && <ErrorNotice error={creating.error} />}
      <Button type="submit" kind="primary" busy={creating.isPending} className="self-start">
        {creating.isPending ? 'Creating' : 'Create the key'}
      </Button>
    </form>
  );
}
