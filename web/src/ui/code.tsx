// Text to be read or copied letter by letter.
import { classNames } from './class-names.ts';
import { CopyButton } from './copy-button.tsx';

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

export function Kbd({ children }: { children: string }) {
  return (
    <kbd className="inline-flex h-5 min-w-5 items-center justify-center rounded border border-line bg-sunken px-1.5 font-mono text-xs text-muted">
      {children}
    </kbd>
  );
}
