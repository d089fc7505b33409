import type { BandwidthRule } from '@proxpanel/contracts/records';
import type { Service } from '@proxpanel/contracts/services';
import { toast } from 'sonner';
import { shownFault } from '../../api/faults.ts';
import { useRemoveRule, useRemoveService } from '../../api/services.ts';
import { useWrites } from '../../api/writes.ts';
import { RemoveDialog } from '../../ui/remove-dialog.tsx';

export function RemoveService({ service, onClose }: { service: Service; onClose: () => void }) {
  const { reasons } = useWrites();
  const remove = useRemoveService(() => {
    toast.success(`Removed ${service.name}.`);
    onClose();
  });
  return (
    <RemoveDialog
      what={service.name}
      description="It can no longer be sold. A service that a subscriber has is not removed."
      busy={remove.isPending}
      reasons={reasons}
      fault={shownFault(remove.error)}
      onRemove={() => {
        remove.mutate(service);
      }}
      onClose={onClose}
    />
  );
}

export function RemoveRule({ rule, onClose }: { rule: BandwidthRule; onClose: () => void }) {
  const { reasons } = useWrites();
  const remove = useRemoveRule(() => {
    toast.success(`Removed ${rule.name}.`);
    onClose();
  });
  return (
    <RemoveDialog
      what={rule.name}
      description="The service then has its own speeds at these times, too."
      busy={remove.isPending}
      reasons={reasons}
      fault={shownFault(remove.error)}
      onRemove={() => {
        remove.mutate(rule);
      }}
      onClose={onClose}
    />
  );
}
