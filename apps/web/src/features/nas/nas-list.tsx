import type { Nas } from '@proxpanel/contracts/nas';
import { useState } from 'react';
import { toast } from 'sonner';
import { notLoaded } from '../../api/not-loaded.ts';
import { shownFault } from '../../api/faults.ts';
import { routerScriptAddress, useNasList, useRemoveNas } from '../../api/nas.ts';
import { useWrites } from '../../api/writes.ts';
import { Button, buttonClass } from '../../ui/button.tsx';
import { Card } from '../../ui/card.tsx';
import { CopyButton } from '../../ui/copy.tsx';
import { wordText } from '../../ui/format.ts';
import { NotLoaded } from '../../ui/loaded.tsx';
import { RemoveDialog } from '../../ui/remove-dialog.tsx';
import { Table, type Column } from '../../ui/table.tsx';
import { WriteButton } from '../../ui/write-button.tsx';
import { NasDialog } from './nas-dialog.tsx';
import { RouterLineDialog } from './router-line.tsx';

type OpenDialog = { kind: 'edit'; nas: Nas | null } | { kind: 'remove' | 'line'; nas: Nas };

/** The routers, and how each is pointed to this server. */
export function NasList() {
  const [dialog, setDialog] = useState<OpenDialog | null>(null);
  const list = useNasList();
  const { reasons } = useWrites();
  const devices = list.data?.devices ?? null;
  return (
    <div className="flex flex-col gap-5">
      {list.data === undefined ? null : <RadiusAddress address={list.data.radius_address} />}
      <Card
        title="All routers"
        aside={
          <div className="flex flex-wrap gap-2">
            <a className={buttonClass('plain')} href={routerScriptAddress} download="routers.rsc">
              Script for all routers
            </a>
            <WriteButton
              kind="primary"
              reasons={reasons}
              onClick={() => {
                setDialog({ kind: 'edit', nas: null });
              }}
            >
              Add router
            </WriteButton>
          </div>
        }
      >
        {devices === null ? (
          <NotLoaded {...notLoaded(list)} />
        ) : devices.length === 0 ? (
          <p className="text-muted">There is no router yet.</p>
        ) : (
          <NasTable rows={devices} onOpen={setDialog} />
        )}
      </Card>
      <ShownDialog
        dialog={dialog}
        onClose={() => {
          setDialog(null);
        }}
      />
    </div>
  );
}

function RadiusAddress({ address }: { address: string }) {
  return (
    <Card title="RADIUS address">
      <div className="flex flex-wrap items-center gap-3">
        <code className="font-mono">{address}</code>
        <CopyButton text={address} what="the RADIUS address" />
        <p className="text-sm text-muted">
          Where routers ask now. After a change of main each router is pointed to the new address.
        </p>
      </div>
    </Card>
  );
}

function ShownDialog({ dialog, onClose }: { dialog: OpenDialog | null; onClose: () => void }) {
  switch (dialog?.kind) {
    case undefined:
      return null;
    case 'edit':
      return <NasDialog nas={dialog.nas} onClose={onClose} />;
    case 'line':
      return <RouterLineDialog nas={dialog.nas} onClose={onClose} />;
    case 'remove':
      return <RemoveNas nas={dialog.nas} onClose={onClose} />;
  }
}

function RemoveNas({ nas, onClose }: { nas: Nas; onClose: () => void }) {
  const { reasons } = useWrites();
  const remove = useRemoveNas(() => {
    toast.success(`Removed ${nas.name}.`);
    onClose();
  });
  return (
    <RemoveDialog
      what={nas.name}
      description="RADIUS no longer answers this router, so nobody connects through it."
      busy={remove.isPending}
      reasons={reasons}
      fault={shownFault(remove.error)}
      onRemove={() => {
        remove.mutate(nas);
      }}
      onClose={onClose}
    />
  );
}

function NasTable({ rows, onOpen }: { rows: readonly Nas[]; onOpen: (dialog: OpenDialog) => void }) {
  const { reasons } = useWrites();
  const columns: Column<Nas>[] = [
    { key: 'name', title: 'Name', cell: ({ name }) => <span className="font-medium break-words">{name}</span> },
    { key: 'address', title: 'Address', cell: ({ address }) => <span className="font-mono text-sm">{address}</span> },
    { key: 'type', title: 'Type', onlyWide: true, cell: ({ type }) => wordText(type) },
    { key: 'ports', title: 'Ports', onlyWide: true, alignEnd: true, cell: ({ ports }) => ports ?? '–' },
    {
      key: 'actions',
      title: 'Actions',
      hideTitle: true,
      alignEnd: true,
      cell: (nas) => (
        <span className="inline-flex flex-wrap justify-end gap-1 md:flex-nowrap">
          <Button
            compact
            onClick={() => {
              onOpen({ kind: 'line', nas });
            }}
          >
            RouterOS line <span className="sr-only">for {nas.name}</span>
          </Button>
          <WriteButton
            compact
            reasons={reasons}
            onClick={() => {
              onOpen({ kind: 'edit', nas });
            }}
          >
            Edit <span className="sr-only">{nas.name}</span>
          </WriteButton>
          <WriteButton
            compact
            reasons={reasons}
            onClick={() => {
              onOpen({ kind: 'remove', nas });
            }}
          >
            Remove <span className="sr-only">{nas.name}</span>
          </WriteButton>
        </span>
      ),
    },
  ];
  return <Table label="Routers" columns={columns} rows={rows} rowKey={(row) => row.id} />;
}
