// Instructions to start from, those that the key has the scopes for.

import type { CommandOutput } from '../../api/commands.ts';
import { useSeed } from '../../api/seed-context.ts';
import { useCommand } from '../../api/use-command.ts';

type Template = CommandOutput<'templates list'>['items'][number];

export function Templates({ onChoose }: { onChoose(template: Template): void }) {
  const { may } = useSeed();
  const { data } = useCommand('templates list', {}, { enabled: may('templates list') });
  if (!data || data.items.length === 0) return null;
  return (
    <section aria-labelledby="templates" className="flex flex-col gap-2">
      <h2 id="templates" className="font-medium">
        Start from a template
      </h2>
      <ul className="-mx-4 flex gap-2 overflow-x-auto px-4 py-0.5 sm:mx-0 sm:flex-wrap sm:overflow-visible sm:px-0">
        {data.items.map((template) => (
          <li key={`${template.pack} ${template.title}`}>
            <button
              type="button"
              title={template.instruction}
              onClick={() => onChoose(template)}
              className="flex h-8 items-center gap-2 rounded-full border border-line bg-surface px-3 text-sm whitespace-nowrap hover:border-control"
            >
              {template.title}
              {template.pack && <span className="text-xs text-muted">{template.pack}</span>}
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}
