import type { ClusterStatus, Notice } from '@proxpanel/contracts/status';
import { Banner } from '../../ui/banner.tsx';
import type { Tone } from '../../ui/badge.tsx';
import { CommandLine } from '../../ui/copy.tsx';

const tones: Record<Notice['severity'], Tone> = { info: 'info', warning: 'warn', critical: 'bad' };
const order: Record<Notice['severity'], number> = { critical: 0, warning: 1, info: 2 };

/** What an admin should know now: a restart that waits, and the server's notices, the worst first. */
export function Notices({ status }: { status: ClusterStatus }) {
  const { database } = status;
  // While the clone waits for its script, a card of its own shows that command.
  const cloneCommand = status.join?.finished === false ? status.join.script_command : undefined;
  const notices = status.notices
    .filter((notice) => notice.command === null || notice.command !== cloneCommand)
    .sort((a, b) => order[a.severity] - order[b.severity]);
  const saysRestart = notices.some((notice) => notice.command !== null && notice.command === database.restart_command);
  return (
    <>
      {notices.map((notice) => (
        <Banner key={`${notice.code} ${notice.sentence}`} tone={tones[notice.severity]}>
          <p>{notice.sentence}</p>
          {notice.command === null ? null : <CommandLine command={notice.command} />}
        </Banner>
      ))}
      {database.pending_restart.length === 0 || saysRestart ? null : (
        <Banner tone="warn">
          <p>PostgreSQL has to be restarted before these settings count: {database.pending_restart.join(', ')}.</p>
          {database.restart_command === null ? null : <CommandLine command={database.restart_command} />}
        </Banner>
      )}
    </>
  );
}
