import type { Nas } from '@proxpanel/contracts/nas';
import { notLoaded } from '../../api/not-loaded.ts';
import { useRouterLine } from '../../api/nas.ts';
import { Button } from '../../ui/button.tsx';
import { CommandLine } from '../../ui/copy.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { NotLoaded } from '../../ui/loaded.tsx';

/** The line that points one router to the server that takes its questions now (DESIGN §11). */
export function RouterLineDialog({ nas, onClose }: { nas: Nas; onClose: () => void }) {
  const line = useRouterLine(nas.id);
  return (
    <Dialog
      title={`RouterOS line for ${nas.name}`}
      description="Paste it into the router’s terminal. It points the router’s RADIUS client to this server."
      wide
      onClose={onClose}
      footer={<Button onClick={onClose}>Close</Button>}
    >
      {line.data === undefined ? (
        <NotLoaded {...notLoaded(line)} />
      ) : (
        <CommandLine command={line.data.line} what={`the line for ${nas.name}`} />
      )}
    </Dialog>
  );
}
