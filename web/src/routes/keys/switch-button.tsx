// Switches a key off and on again.
import type { Key } from '../../../../src/protocol/key.ts';
import { useAction } from '../../api/use-command.ts';
import { Button } from '../../ui/button.tsx';
import { toast } from '../../ui/toast.tsx';

export function SwitchButton({ apiKey: { id, name, status } }: { apiKey: Key }) {
  const updating = useAction('keys update');
  const isOff = status === 'disabled';
  const turn = () =>
    updating.mutate(
      { id, enabled: isOff },
      {
        onSuccess: () => toast(isOff ? `“${name}” works again` : `Calls with “${name}” are refused`),
        onError: (error) => toast(`It stays as it was: ${error.message}`),
      },
    );
  if (status === 'expired') return null;
  return (
    <Button busy={updating.isPending} onClick={turn}>
      {isOff ? 'Enable' : 'Disable'}
    </Button>
  );
}
