// Sends a test event as soon as it is opened, and shows what the receiver answered.
import { Link } from '@tanstack/react-router';
import { useEffect, useRef } from 'react';
import { useAction } from '../../api/use-command.ts';
import { Button, buttonLook } from '../../ui/button.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { ErrorNotice, SkeletonRows } from '../../ui/states.tsx';
import { AttemptList } from './attempt-list.tsx';
import { DeliveryState } from './delivery-state.tsx';
import type { EndpointDialogProps } from './endpoint-dialog.ts';

export function TestWebhook({ webhook, onClose }: EndpointDialogProps) {
  const test = useAction('webhooks test');
  const { mutate } = test;
  const sent = useRef(false);
  useEffect(() => {
    // Once, also where effects are run twice to find mistakes.
    if (sent.current) return;
    sent.current = true;
    mutate({ id: webhook.id });
  }, [mutate, webhook.id]);
  const delivery = test.data?.delivery;
  return (
    <Dialog title="A test event" open onClose={onClose}>
      <div className="flex flex-col gap-4 px-6 py-4">
        {test.error && <ErrorNotice error={test.error} retry={() => mutate({ id: webhook.id })} />}
        {!delivery && !test.error && (
          <>
            <p className="text-muted wrap-anywhere">Sending it to {webhook.url} …</p>
            <SkeletonRows rows={1} />
          </>
        )}
        {delivery && (
          <>
            <p role="status">
              <DeliveryState delivery={delivery} />
            </p>
            <AttemptList attempts={delivery.attempts} />
          </>
        )}
        <div className="flex justify-end gap-2">
          {delivery && (
            <Link to="/webhooks/deliveries/$id" params={{ id: delivery.id }} className={buttonLook('quiet')}>
              Open the delivery
            </Link>
          )}
          <Button onClick={onClose}>Close</Button>
        </div>
      </div>
    </Dialog>
  );
}
