import { Banner, Failure } from './banner.tsx';

/** Why an action did not go through, as a person is told it. */
export interface ShownFault {
  sentence: string;
  reasons: readonly string[];
  /** Refused because this server is a copy (DESIGN §10). */
  isReadOnly: boolean;
  /** Where writes are taken, as far as it is known; only with `isReadOnly`. */
  mainServer: string | null;
}

export function FormFault({ fault }: { fault: ShownFault | null }) {
  if (fault === null) return null;
  if (fault.isReadOnly) return <ReadOnlyNotice sentence={fault.sentence} mainServer={fault.mainServer} />;
  return <Failure sentence={fault.sentence} reasons={fault.reasons} />;
}

/** An address of a server as a link can have it; null when it is none. */
export function webAddress(address: string): string | null {
  const text = /^https?:\/\//.test(address) ? address : `http://${address}`;
  return URL.canParse(text) ? text : null;
}

/** A refused write on a secondary is no fault: it says where writes are taken (DESIGN §10). */
function ReadOnlyNotice({ sentence, mainServer }: { sentence: string; mainServer: string | null }) {
  const href = mainServer === null ? null : webAddress(mainServer);
  return (
    <Banner tone="info" role="status">
      <p>This server is a copy and takes no changes now; nothing was saved. ({sentence})</p>
      {mainServer === null ? (
        <p>Make the change on the main server.</p>
      ) : (
        <p>
          Make the change on the main server:{' '}
          {href === null ? (
            <strong>{mainServer}</strong>
          ) : (
            <a className="font-medium underline" href={href}>
              {mainServer}
            </a>
          )}
        </p>
      )}
    </Banner>
  );
}
