// Whether a key may make a call, a person would be asked, or it is refused, and by which limit: without making it.
import { useState } from 'react';
import { parseExactly } from '../../../../src/lib/exact-json.ts';
import { isRecord } from '../../../../src/lib/json.ts';
import { useCommand, useSeed } from '../../api/use-command.ts';
import { Status, type Tone } from '../../ui/badge.tsx';
import { Button } from '../../ui/button.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { Field, TextAreaField } from '../../ui/fields.tsx';
import { ForeignText } from '../../ui/foreign-text.tsx';
import { Answer } from '../../ui/states.tsx';

const VERDICTS: Record<'allowed' | 'asked' | 'denied', { label: string; tone: Tone }> = {
  allowed: { label: 'It would be done', tone: 'ok' },
  asked: { label: 'A person would be asked first', tone: 'warn' },
  denied: { label: 'It would be refused', tone: 'bad' },
};

interface Call {
  command: string;
  input: Record<string, unknown>;
}

export function CheckCall({ keyId }: { keyId: string }) {
  const { may } = useSeed();
  const [isOpen, setOpen] = useState(false);
  if (!may('keys check')) return null;
  return (
    <>
      <Button onClick={() => setOpen(true)}>Check a call</Button>
      <Dialog title="Check a call" open={isOpen} onClose={() => setOpen(false)}>
        <CallForm keyId={keyId} />
      </Dialog>
    </>
  );
}

function CallForm({ keyId }: { keyId: string }) {
  const { manifest } = useSeed();
  const [command, setCommand] = useState('');
  const [text, setText] = useState('');
  const [call, setCall] = useState<Call | null>(null);
  const input = text.trim() === '' ? {} : parseExactly(text);
  const problem = isRecord(input) ? null : 'It is not an object as JSON: { … }.';
  const change = (set: (value: string) => void) => (value: string) => {
    set(value);
    setCall(null);
  };
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (command.trim() !== '' && isRecord(input)) setCall({ command: command.trim(), input });
      }}
      className="flex flex-col gap-4 px-6 py-4"
    >
      <p>Nothing is called and nothing counts.</p>
      <Field
        label="Command"
        list="commands-to-check"
        autoComplete="off"
        spellCheck={false}
        value={command}
        onChange={change(setCommand)}
      />
      <datalist id="commands-to-check">
        {manifest.commands.map(({ name }) => (
          <option key={name} value={name} />
        ))}
      </datalist>
      <TextAreaField
        label="Input"
        hint="As JSON"
        rows={5}
        spellCheck={false}
        value={text}
        onChange={change(setText)}
        error={problem}
        className="[&_textarea]:font-mono"
      />
      {call && <Verdict keyId={keyId} call={call} />}
      <Button type="submit" kind="primary" className="self-end" disabled={command.trim() === ''}>
        Check
      </Button>
    </form>
  );
}

function Verdict({ keyId, call }: { keyId: string; call: Call }) {
  const read = useCommand('keys check', { id: keyId, ...call });
  return (
    <div role="status">
      <Answer query={{ ...read, data: read.isPlaceholderData ? undefined : read.data }}>
        {({ verdict, reason }) => (
          <div className="flex flex-col gap-1 rounded-lg border border-line p-3">
            <strong className="font-medium">
              <Status tone={VERDICTS[verdict].tone}>{VERDICTS[verdict].label}</Status>
            </strong>
            {reason && (
              <p className="wrap-anywhere">
                <ForeignText text={reason} />
              </p>
            )}
          </div>
        )}
      </Answer>
    </div>
  );
}
