import type { ApiError } from '../../api/errors.ts';
import { Banner } from '../../ui/banner.tsx';

function webAddress(address: string): string | null {
  const text = /^https?:\/\//.test(address) ? address : `http://${address}`;
  return URL.canParse(text) ? text : null;
}

/** A refused write on a secondary is no fault: it says where writes are taken (DESIGN §10). */
export function ReadOnlyNotice({ error }: { error: ApiError }) {
  const href = error.mainServer === null ? null : webAddress(error.mainServer);
  return (
    <Banner tone="info" role="status">
      <p>This server is a copy and takes no changes now; nothing was saved. ({error.message})</p>
      {error.mainServer === null ? (
        <p>Make the change on the main server.</p>
      ) : (
        <p>
          Make the change on the main server:{' '}
          {href === null ? (
            <strong>{error.mainServer}</strong>
          ) : (
            <a className="font-medium underline" href={href}>
              {error.mainServer}
            </a>
          )}
        </p>
      )}
    </Banner>
  );
}
