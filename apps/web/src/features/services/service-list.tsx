import type { Service } from '@proxpanel/contracts/services';
import { useState } from 'react';
import { notLoaded } from '../../api/not-loaded.ts';
import { useCurrency } from '../../api/panel-settings.ts';
import { useServices } from '../../api/services.ts';
import { useWrites } from '../../api/writes.ts';
import { Card } from '../../ui/card.tsx';
import { bytesText, moneyText, speedText } from '../../ui/format.ts';
import { NotLoaded } from '../../ui/loaded.tsx';
import { Table, type Column } from '../../ui/table.tsx';
import { WriteButton } from '../../ui/write-button.tsx';
import type { OpenDialog } from './open-dialog.ts';
import { RemoveRule, RemoveService } from './remove-dialogs.tsx';
import { RuleDialog } from './rule-dialog.tsx';
import { RuleList } from './rule-list.tsx';
import { ServiceDialog } from './service-dialog.tsx';
import { validityText } from './service-values.ts';

/** What is sold, and how its speeds change over the day. */
export function ServiceList() {
  const [dialog, setDialog] = useState<OpenDialog | null>(null);
  const services = useServices();
  const { reasons } = useWrites();
  const rows = services.data?.services ?? null;
  return (
    <div className="flex flex-col gap-5">
      <Card
        title="All services"
        aside={
          <WriteButton
            kind="primary"
            reasons={reasons}
            onClick={() => {
              setDialog({ kind: 'service', service: null });
            }}
          >
            Add service
          </WriteButton>
        }
      >
        {rows === null ? (
          <NotLoaded {...notLoaded(services)} />
        ) : rows.length === 0 ? (
          <p className="text-muted">There is no service yet.</p>
        ) : (
          <ServiceTable rows={rows} onOpen={setDialog} />
        )}
      </Card>
      {rows === null || rows.length === 0 ? null : <RuleList services={rows} onOpen={setDialog} />}
      <ShownDialog
        dialog={dialog}
        onClose={() => {
          setDialog(null);
        }}
      />
    </div>
  );
}

function ShownDialog({ dialog, onClose }: { dialog: OpenDialog | null; onClose: () => void }) {
  switch (dialog?.kind) {
    case undefined:
      return null;
    case 'service':
      return <ServiceDialog service={dialog.service} onClose={onClose} />;
    case 'remove_service':
      return <RemoveService service={dialog.service} onClose={onClose} />;
    case 'rule':
      return <RuleDialog service={dialog.service} rule={dialog.rule} onClose={onClose} />;
    case 'remove_rule':
      return <RemoveRule rule={dialog.rule} onClose={onClose} />;
  }
}

const quotaText = (bytes: number | null): string => (bytes === null ? 'unlimited' : bytesText(bytes));

function ServiceTable({ rows, onOpen }: { rows: readonly Service[]; onOpen: (dialog: OpenDialog) => void }) {
  const currency = useCurrency();
  const { reasons } = useWrites();
  const columns: Column<Service>[] = [
    { key: 'name', title: 'Name', cell: ({ name }) => <span className="font-medium break-words">{name}</span> },
    {
      key: 'speed',
      title: 'Down / up',
      cell: ({ download_kbps, upload_kbps }) => `${speedText(download_kbps)} / ${speedText(upload_kbps)}`,
    },
    {
      key: 'quota',
      title: 'Quota by day / by month',
      onlyWide: true,
      cell: (row) => `${quotaText(row.daily_quota_bytes)} / ${quotaText(row.monthly_quota_bytes)}`,
    },
    { key: 'price', title: 'Price', alignEnd: true, cell: ({ price_minor }) => moneyText(price_minor, currency) },
    { key: 'validity', title: 'Valid for', onlyWide: true, cell: validityText },
    { key: 'pool', title: 'Pool', onlyWide: true, cell: ({ pool }) => (pool === '' ? '–' : pool) },
    {
      key: 'actions',
      title: 'Actions',
      hideTitle: true,
      alignEnd: true,
      cell: (service) => (
        <span className="inline-flex flex-wrap justify-end gap-1 md:flex-nowrap">
          <WriteButton
            compact
            reasons={reasons}
            onClick={() => {
              onOpen({ kind: 'service', service });
            }}
          >
            Edit <span className="sr-only">{service.name}</span>
          </WriteButton>
          <WriteButton
            compact
            reasons={reasons}
            onClick={() => {
              onOpen({ kind: 'remove_service', service });
            }}
          >
            Remove <span className="sr-only">{service.name}</span>
          </WriteButton>
        </span>
      ),
    },
  ];
  return <Table label="Services" columns={columns} rows={rows} rowKey={(row) => row.id} />;
}
