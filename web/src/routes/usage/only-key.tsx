// Says that the page is kept to one key, and takes that back.
import { useSeed } from '../../api/seed-context.ts';
import { useCommand } from '../../api/use-command.ts';
import { Button } from '../../ui/button.tsx';

export function OnlyKey({ id, onClear }: { id: string; onClear(): void }) {
  const { may } = useSeed();
  const { data } = useCommand('keys get', { id }, { enabled: may('keys get') });
  return (
    <p className="flex flex-wrap items-center justify-between gap-2 rounded-lg bg-info-soft py-1.5 pr-1.5 pl-3">
      <span className="wrap-anywhere">
        Only what counts for the key <strong className="font-medium">{data?.key.name ?? id}</strong>, its
        tasks included
      </span>
      <Button icon="close" onClick={onClear}>
        Show all keys
      </Button>
    </p>
  );
}
