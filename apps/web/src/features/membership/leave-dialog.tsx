import { useState } from 'react';
import { useLeave } from '../../api/cluster-actions.ts';
import { sentenceOf } from '../../api/errors.ts';
import { useClusterPage } from '../../stores/cluster-page.ts';
import { Banner, Failure } from '../../ui/banner.tsx';
import { Button, ReasonedButton } from '../../ui/button.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { Choice } from '../../ui/field.tsx';

type DatabaseFate = 'promote' | 'keep' | null;

/** Takes this secondary out of the cluster, after asking what becomes of its PostgreSQL (DESIGN §7). */
export function LeaveDialog() {
  const leave = useLeave();
  const close = useClusterPage((state) => state.close);
  const [fate, setFate] = useState<DatabaseFate>(null);
  if (leave.data !== undefined) {
    return (
      <Dialog
        title="This server has left the cluster"
        description={leave.data.sentence}
        onClose={close}
        footer={<Button onClick={close}>Close</Button>}
      >
        {leave.data.told_main ? null : (
          <Banner tone="warn">
            <p>The main server could not be told. Remove this server there, so that it keeps no WAL for it.</p>
          </Banner>
        )}
      </Dialog>
    );
  }
  return (
    <Dialog
      title="Leave Cluster"
      description="This server stops following the main server and stands alone. Its data stays as it is then; the main server goes on."
      onClose={close}
      footer={
        <>
          <Button onClick={close}>Cancel</Button>
          <ReasonedButton
            align="end"
            kind="danger"
            busy={leave.isPending}
            reasons={fate === null ? ['Choose what becomes of the database first.'] : []}
            onClick={() => {
              leave.mutate({ promote_database: fate === 'promote' });
            }}
          >
            Leave Cluster
          </ReasonedButton>
        </>
      }
    >
      <FateChoice fate={fate} onChange={setFate} />
      <ul className="list-disc pl-5 text-sm text-muted">
        <li>Its heartbeats end, and the main server is told.</li>
        <li>Its Redis stops following the main server’s.</li>
        <li>It forgets the cluster and its secret.</li>
      </ul>
      {leave.isError ? <Failure sentence={sentenceOf(leave.error)} /> : null}
    </Dialog>
  );
}

function FateChoice({ fate, onChange }: { fate: DatabaseFate; onChange: (fate: DatabaseFate) => void }) {
  return (
    <fieldset className="flex flex-col gap-2">
      <legend className="mb-2 text-sm font-medium">What becomes of this server’s PostgreSQL?</legend>
      <Choice
        name="database_fate"
        label="Promote it out of recovery"
        explanation="It takes writes by itself from now on, and can no longer follow the main server without a new clone."
        checked={fate === 'promote'}
        onChange={() => {
          onChange('promote');
        }}
      />
      <Choice
        name="database_fate"
        label="Keep it read-only"
        explanation="It stays a copy that takes no writes. It can be promoted by hand later."
        checked={fate === 'keep'}
        onChange={() => {
          onChange('keep');
        }}
      />
    </fieldset>
  );
}
