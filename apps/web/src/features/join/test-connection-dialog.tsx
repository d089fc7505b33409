import type { ConnectionCheck, TestConnectionReply } from '@proxpanel/contracts/membership';
import { sentenceOf } from '../../api/errors.ts';
import { Banner, Failure } from '../../ui/banner.tsx';
import { Button, Spinner } from '../../ui/button.tsx';
import { CheckList } from '../../ui/check-list.tsx';
import { Dialog } from '../../ui/dialog.tsx';

const checkTitles: Record<ConnectionCheck['name'], string> = {
  api: 'The main server answers',
  secret: 'Cluster secret',
  main_role: 'It is a main server',
  panel_version: 'Panel version',
  postgres_version: 'PostgreSQL version',
  clock: 'Clocks agree',
  database_port: 'PostgreSQL port',
  redis_port: 'Redis port',
  disk_room: 'Room on the disk',
  database_limits: 'PostgreSQL limits',
  postgres_control: 'Control of this PostgreSQL',
};

interface TestConnectionDialogProps {
  address: string;
  reply: TestConnectionReply | undefined;
  error: Error | null;
  onClose: () => void;
}

/** A line per check, with what to do about each that failed (DESIGN §6.3). */
export function TestConnectionDialog({ address, reply, error, onClose }: TestConnectionDialogProps) {
  return (
    <Dialog
      title="Test Connection"
      description={`From this server to ${address}. Nothing is changed.`}
      wide
      onClose={onClose}
      footer={<Button onClick={onClose}>Close</Button>}
    >
      {reply === undefined && error === null ? (
        <p role="status" className="flex items-center gap-2.5">
          <Spinner /> Testing…
        </p>
      ) : null}
      {error === null ? null : <Failure sentence={sentenceOf(error)} />}
      {reply === undefined ? null : <Verdict reply={reply} />}
      {reply === undefined ? null : (
        <CheckList
          checks={reply.checks.map((check) => ({
            ...check,
            key: check.name,
            title: checkTitles[check.name],
            aside: check.latency_ms === undefined ? null : `${check.latency_ms.toFixed(1)} ms`,
          }))}
        />
      )}
    </Dialog>
  );
}

function Verdict({ reply }: { reply: TestConnectionReply }) {
  if (!reply.ok) {
    const failed = reply.checks.filter((check) => !check.ok).length;
    return (
      <Banner tone="bad" role="status">
        <p>{failed === 1 ? 'One check failed.' : `${String(failed)} checks failed.`} A join would not work yet.</p>
      </Banner>
    );
  }
  const name = reply.main === null ? 'the main server' : `“${reply.main.display_name}”`;
  return (
    <Banner tone="good" role="status">
      <p>Everything needed is in place to join {name}.</p>
    </Banner>
  );
}
