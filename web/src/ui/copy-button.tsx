// Copies a text and says so on the button itself.
import { useEffect, useState } from 'react';
import { IconButton } from './button.tsx';

const SAID_MS = 2_000;

export function CopyButton({ text, label }: { text: string; label: string }) {
  const [outcome, setOutcome] = useState<'copied' | 'failed' | null>(null);
  useEffect(() => {
    if (outcome === null) return;
    const timer = setTimeout(() => setOutcome(null), SAID_MS);
    return () => clearTimeout(timer);
  }, [outcome]);
  const copy = async () => setOutcome((await copyText(text)) ? 'copied' : 'failed');
  const said = { copied: 'Copied', failed: 'Not copied: select the text instead' };
  return (
    <>
      <IconButton label={label} icon={outcome === 'copied' ? 'check' : 'copy'} onClick={copy} />
      <span role="status" className="sr-only">
        {outcome && said[outcome]}
      </span>
    </>
  );
}

/** @returns whether the clipboard has it. Over plain http browsers offer only the old way. */
export async function copyText(text: string): Promise<boolean> {
  if (navigator.clipboard) {
    return navigator.clipboard.writeText(text).then(
      () => true,
      () => false,
    );
  }
  const area = document.createElement('textarea');
  area.value = text;
  document.body.append(area);
  area.select();
  const copied = document.execCommand('copy');
  area.remove();
  return copied;
}
