import type { JoinProgress } from '@proxpanel/contracts/status';
import { useRejoin, useRenewScript } from '../../api/cluster-actions.ts';
import { useScript } from '../../api/cluster-history.ts';
import { sentenceOf } from '../../api/errors.ts';
import { Failure } from '../../ui/banner.tsx';
import { Button, buttonClass } from '../../ui/button.tsx';
import { Card } from '../../ui/card.tsx';
import { CommandLine, CopyButton } from '../../ui/copy.tsx';
import { durationText } from '../../ui/format.ts';
import { PhaseList } from '../../ui/phase-list.tsx';
import { cloneSteps, isRejoin } from './clone-steps.tsx';

interface ClonePageProps {
  join: JoinProgress;
  /** The server's time now, ms since the epoch. */
  nowMs: number;
}

/** After a join or a Rejoin: the script to run on this server, and how far it is (DESIGN §6.5, §8). */
export function ClonePage({ join, nowMs }: ClonePageProps) {
  const rejoin = isRejoin(join);
  return (
    <Card title={titleOf(join)}>
      <div className="flex flex-col gap-5">
        <div className="flex flex-col gap-2">
          <p>Run this on this server, as root:</p>
          <CommandLine command={join.script_command} />
          <p className="text-sm text-muted">
            {rejoin
              ? `It stops this server’s PostgreSQL, keeps its data, takes over the history of ${join.main_address} and starts it as a replica.`
              : `It stops this server’s PostgreSQL, puts its data aside, clones ${join.main_address} and starts it as a replica.`}{' '}
            If anything fails, the old data is put back. This page stays signed in meanwhile. {join.old_database_note}
          </p>
        </div>
        <Token join={join} nowMs={nowMs} />
        <PhaseList label={rejoin ? 'Steps of the repair' : 'Steps of the clone'} steps={cloneSteps(join)} />
        <ScriptText join={join} />
      </div>
    </Card>
  );
}

function titleOf(join: JoinProgress): string {
  const started = join.phases.length > 0;
  if (isRejoin(join)) return started ? 'Rejoining the main server' : 'One step left: rejoin the main server';
  return started ? 'Cloning the main server’s database' : 'One step left: clone the main server’s database';
}

function Token({ join, nowMs }: ClonePageProps) {
  const newScript = useRenewScript();
  const newRejoin = useRejoin();
  const renew = isRejoin(join) ? newRejoin : newScript;
  const leftMs = join.credential_expires_at === null ? null : Date.parse(join.credential_expires_at) - nowMs;
  const usable = leftMs !== null && leftMs > 0;
  return (
    <div className="flex flex-col gap-2">
      <div className="flex flex-wrap items-center gap-3">
        <p className="min-w-0 text-sm">
          {usable
            ? `The script fetches its password with a one-time token, good for another ${durationText(leftMs)}.`
            : 'The script’s one-time token is spent or has run out. A finished or running clone does not need it.'}
        </p>
        <Button
          busy={renew.isPending}
          onClick={() => {
            renew.mutate(undefined);
          }}
        >
          Make a new script
        </Button>
      </div>
      {renew.isError ? <Failure sentence={sentenceOf(renew.error)} /> : null}
    </div>
  );
}

function ScriptText({ join }: { join: JoinProgress }) {
  // A new script has a new token; the text of the old one is then worth nothing.
  const file = isRejoin(join) ? 'rejoin.sh' : 'setup_replica.sh';
  const script = useScript(file, `${String(join.node_id)} ${join.credential_expires_at ?? 'spent'}`);
  return (
    <details>
      <summary className="font-medium text-accent">Read the script first</summary>
      <div className="mt-3 flex flex-col gap-3">
        <p className="text-sm text-muted">
          It lies at <code className="font-mono">{join.script_path}</code>. If it is not there, fetch it with:
        </p>
        <CommandLine command={join.download_command} what="the download command" />
        <div className="flex flex-wrap gap-2">
          <CopyButton text={script.data ?? ''} what="the script" />
          <a className={buttonClass('plain')} href={`/api/cluster/${file}`} download={file}>
            Download
          </a>
        </div>
        {script.isError ? <Failure sentence={sentenceOf(script.error)} /> : null}
        <pre
          tabIndex={0}
          aria-label={file}
          className="max-h-96 overflow-auto rounded-md border border-line bg-sunken p-3 font-mono text-xs"
        >
          {script.data ?? 'Loading…'}
        </pre>
      </div>
    </details>
  );
}
