import type { Subscriber } from '@proxpanel/contracts/subscribers';
import { useState } from 'react';
import { Link } from 'react-router';
import { toast } from 'sonner';
import { shownFault } from '../../api/faults.ts';
import { useMe } from '../../api/session.ts';
import { useRemoveSubscriber } from '../../api/subscribers.ts';
import { useWrites } from '../../api/writes.ts';
import { buttonClass } from '../../ui/button.tsx';
import { Card, Fact } from '../../ui/card.tsx';
import { dateTimeText } from '../../ui/format.ts';
import { RemoveDialog } from '../../ui/remove-dialog.tsx';
import { WriteButton } from '../../ui/write-button.tsx';
import { StateBadges } from './state-badges.tsx';
import { SubscriberDialog } from './subscriber-dialog.tsx';
import { UsageCard } from './usage-card.tsx';

/** One subscriber: what is known of it, what it has used, and what can be done with it. */
export function SubscriberDetails({ subscriber, onRemoved }: { subscriber: Subscriber; onRemoved: () => void }) {
  const [dialog, setDialog] = useState<{ kind: 'edit' | 'remove'; subscriber: Subscriber } | null>(null);
  const isAdmin = useMe().data?.user.role === 'admin';
  const { reasons } = useWrites();
  const close = (): void => {
    setDialog(null);
  };
  return (
    <div className="flex flex-col gap-5">
      <Card title="Account" aside={<StateBadges subscriber={subscriber} />}>
        <Facts subscriber={subscriber} isAdmin={isAdmin} />
        <div className="mt-4 flex flex-wrap gap-2">
          <WriteButton
            kind="primary"
            reasons={reasons}
            onClick={() => {
              setDialog({ kind: 'edit', subscriber });
            }}
          >
            Edit
          </WriteButton>
          {isAdmin ? (
            <Link className={buttonClass('plain')} to={`/invoices?for=${encodeURIComponent(subscriber.username)}`}>
              Make an invoice
            </Link>
          ) : null}
          <WriteButton
            reasons={reasons}
            onClick={() => {
              setDialog({ kind: 'remove', subscriber });
            }}
          >
            Remove
          </WriteButton>
        </div>
      </Card>
      <UsageCard id={subscriber.id} />
      {/* The row that was read when the dialog was opened: a newer one, which a poll brings, is not slipped under it. */}
      {dialog?.kind === 'edit' ? <SubscriberDialog subscriber={dialog.subscriber} onClose={close} /> : null}
      {dialog?.kind === 'remove' ? (
        <RemoveSubscriber subscriber={dialog.subscriber} onClose={close} onRemoved={onRemoved} />
      ) : null}
    </div>
  );
}

function Facts({ subscriber, isAdmin }: { subscriber: Subscriber; isAdmin: boolean }) {
  const { service_name, reseller_name, expires_at, note } = subscriber;
  return (
    <dl className="grid grid-cols-2 gap-x-6 gap-y-3 md:grid-cols-4">
      <Fact label="Service">{service_name ?? 'none'}</Fact>
      {isAdmin ? <Fact label="Reseller">{reseller_name ?? 'none'}</Fact> : null}
      <Fact label="Expires">{expires_at === null ? 'never' : dateTimeText(expires_at)}</Fact>
      <Fact label="Password">{subscriber.has_password ? 'stored' : 'none'}</Fact>
      <Fact label="Added">{dateTimeText(subscriber.created_at)}</Fact>
      <Fact label="Last change">{dateTimeText(subscriber.updated_at)}</Fact>
      {note === '' ? null : (
        <Fact label="Note" wide>
          {note}
        </Fact>
      )}
    </dl>
  );
}

interface RemoveSubscriberProps {
  subscriber: Subscriber;
  onClose: () => void;
  onRemoved: () => void;
}

function RemoveSubscriber({ subscriber, onClose, onRemoved }: RemoveSubscriberProps) {
  const { reasons } = useWrites();
  const remove = useRemoveSubscriber(() => {
    toast.success(`Removed ${subscriber.username}.`);
    onRemoved();
  });
  return (
    <RemoveDialog
      what={subscriber.username}
      description="The account can no longer connect. Its invoices stay."
      busy={remove.isPending}
      reasons={reasons}
      fault={shownFault(remove.error)}
      onRemove={() => {
        remove.mutate(subscriber);
      }}
      onClose={onClose}
    />
  );
}
