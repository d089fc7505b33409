import { useWrites } from '../../api/writes.ts';
import { Banner } from '../../ui/banner.tsx';

/** Above every page while this server takes no changes: calm, since nothing is wrong, and there as long as it is so. */
export function ReadOnlyBanner() {
  const { allowed, sentence, mainUrl } = useWrites();
  if (allowed) return null;
  return (
    <section aria-label="Read-only" className="mb-5">
      <Banner tone="info" role="status">
        <p>
          <strong className="font-semibold">
            {mainUrl === null ? 'This server takes no changes now.' : 'This server is a copy and takes no changes.'}
          </strong>{' '}
          {sentence}
        </p>
        {mainUrl === null ? null : (
          <p>
            Changes are made on the main server:{' '}
            <a className="font-medium underline" href={mainUrl}>
              {mainUrl}
            </a>
          </p>
        )}
      </Banner>
    </section>
  );
}
