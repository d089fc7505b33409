import { useClusterPage, type ShownSecret } from '../../stores/cluster-page.ts';
import { Banner } from '../../ui/banner.tsx';
import { CommandLine } from '../../ui/copy.tsx';
import { SecretDialog } from '../../ui/secret-dialog.tsx';

/** The secret that was just made, by Configure or by Rotate, with what the admin still has to do. */
export function ShownSecretDialog() {
  const shown = useClusterPage((state) => state.secret);
  const forget = useClusterPage((state) => state.forgetSecret);
  if (shown === null) return null;
  return (
    <SecretDialog secret={shown.secret} sentence={shown.sentence} onClose={forget}>
      {shown.setup === null ? null : <SetupNotes setup={shown.setup} />}
    </SecretDialog>
  );
}

function SetupNotes({ setup }: { setup: NonNullable<ShownSecret['setup']> }) {
  return (
    <>
      {setup.pending_restart.length === 0 ? null : (
        <Banner tone="warn">
          <p>PostgreSQL has to be restarted once before another server can join. These settings wait for it:</p>
          <ul className="list-disc pl-5">
            {setup.pending_restart.map((setting) => (
              <li key={setting.name}>
                <code className="font-mono">{setting.name}</code>: now {setting.running}, then {setting.wanted}
              </li>
            ))}
          </ul>
          {setup.restart_command === null ? null : <CommandLine command={setup.restart_command} />}
        </Banner>
      )}
      {setup.advice.length === 0 ? null : (
        <div>
          <p className="font-medium">Still to be done by hand</p>
          <ul className="list-disc pl-5">
            {setup.advice.map((line) => (
              <li key={line}>{line}</li>
            ))}
          </ul>
        </div>
      )}
      <div className="flex flex-col gap-1">
        <p className="text-sm text-muted">The line for pg_hba.conf; it is written for you when a server joins.</p>
        <CommandLine command={setup.hba_line} what="the pg_hba line" />
      </div>
    </>
  );
}
