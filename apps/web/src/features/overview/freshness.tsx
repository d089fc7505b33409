import { isSilence, sentenceOf } from '../../api/errors.ts';
import { Banner } from '../../ui/banner.tsx';
import { durationText } from '../../ui/format.ts';
import { useNow } from '../../ui/use-now.ts';

interface FreshnessProps {
  /** When the last good reply came, ms since the epoch by the browser's clock. */
  receivedAtMs: number;
}

/** "updated 2 s ago". */
export function Freshness({ receivedAtMs }: FreshnessProps) {
  const nowMs = useNow();
  return <p className="text-sm text-muted">updated {durationText(nowMs - receivedAtMs)} ago</p>;
}

/** Says how old the shown data is when no new one comes; what is shown stays. */
export function StaleBanner({ receivedAtMs, error }: FreshnessProps & { error: Error }) {
  const nowMs = useNow();
  const why = isSilence(error)
    ? 'the server does not answer'
    : `the server answers with an error: ${sentenceOf(error)}`;
  return (
    <Banner tone="warn">
      <p>
        Shown data is {durationText(nowMs - receivedAtMs)} old; {why}
        {why.endsWith('.') ? '' : '.'}
      </p>
    </Banner>
  );
}
