// Text to be read or copied letter by letter.
import { type ReactNode, useEffect, useState } from 'react';
import { IconButton } from './button.tsx';
import { classNames } from './class-names.ts';
import { toast } from './toast.tsx';

/** @param label what is copied, for the button: "Copy the curl call" */
export function CodeBlock({ text, label, className }: { text: string; label: string; className?: string }) {
  return (
    <div className={classNames('flex items-start rounded-lg border border-line bg-sunken', className)}>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a box that scrolls has to be reached by the keyboard */}
      <pre tabIndex={0} className="min-w-0 flex-1 overflow-x-auto px-4 py-3 font-mono text-sm leading-6">
        <code>{text}</code>
      </pre>
      <div className="p-2">
        <CopyButton text={text} label={label} />
      </div>
    </div>
  );
}

export function Mono({ children }: { children: ReactNode }) {
  return <code className="font-mono text-sm wrap-anywhere">{children}</code>;
}

export function Kbd({ children }: { children: string }) {
  return (
    <kbd className="inline-flex h-5 min-w-5 items-center justify-center rounded border border-line bg-sunken px-1.5 font-mono text-xs text-muted">
      {children}
    </kbd>
  );
}

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

export function CopyableId({ id, label = 'Copy the id' }: { id: string; label?: string }) {
  return (
    <span className="-my-1.5 flex items-center gap-1">
      <code className="truncate font-mono text-sm">{id}</code>
      <CopyButton text={id} label={label} />
    </span>
  );
}

export function CopyLink({ label }: { label: string }) {
  const copy = async () => {
    const copied = await copyText(window.location.href);
    toast(copied ? 'The link is copied' : 'The link could not be copied: take it from the address bar');
  };
  return <IconButton label={label} icon="link" onClick={copy} />;
}

/** @returns whether the clipboard has it. Over plain http browsers offer only the old way. */
async function copyText(text: string): Promise<boolean> {
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
