// Switches a key off and on again.
import type { Key } from '../../../../src/protocol/key.ts';
import { useAction } from '../../api/use-command.ts';
import { Button } from '../../ui/button.tsx';
import { ConfirmDialog } from '../../ui/confirm-dialog.tsx';
import { toast } from '../../ui/toast.tsx';
import { isAsked } from './last-key.ts';

export function SwitchButton({ apiKey: { id, name, status } }: { apiKey: Key }) {
  const updating = useAction('keys update');
  const isOff = status === 'disabled';
  const turn = (yes: boolean) =>
    updating.mutate(
      { id, enabled: isOff, yes },
      {
        onSuccess: () => toast(isOff ? `“${name}” works again` : `Calls with “${name}” are refused`),
        onError: (error) => isAsked(error) || toast(`It stays as it was: ${error.message}`),
      },
    );
  if (status === 'expired') return null;
  return (
    <>
      <Button busy={updating.isPending} onClick={() => turn(false)}>
        {isOff ? 'Enable' : 'Disable'}
      </Button>
      <ConfirmDialog
        title={`Disable “${name}”?`}
        action="Disable it all the same"
        open={isAsked(updating.error)}
        busy={updating.isPending}
        error={updating.error}
        onConfirm={() => turn(true)}
        onClose={() => updating.reset()}
      >
        Calls with it, and those of its running tasks, are refused until it is enabled again.
      </ConfirmDialog>
    </>
  );
}
