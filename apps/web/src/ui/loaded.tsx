import { Failure } from './banner.tsx';
import { Button } from './button.tsx';

interface LoadedProps {
  isPending: boolean;
  /** Why it cannot be read; null when it could. */
  failure: string | null;
  onAgain: () => void;
}

/** In the place of what is being read, or cannot be. */
export function NotLoaded({ isPending, failure, onAgain }: LoadedProps) {
  if (failure !== null) {
    return (
      <div className="flex flex-col items-start gap-3">
        <Failure sentence={failure} />
        <Button onClick={onAgain}>Try again</Button>
      </div>
    );
  }
  return isPending ? <p className="text-muted">Loading…</p> : null;
}
