import { Link } from 'react-router';
import { StatePage } from '../ui/state-page.tsx';
import { useTitle } from '../ui/use-title.ts';

/** 404: no such address. */
export function NotFoundPage() {
  useTitle('Not found');
  return (
    <StatePage title="404 – not found">
      <p>There is no page at this address.</p>
      <p>
        <Link className="text-accent underline" to="/subscribers">
          Go to Subscribers
        </Link>
      </p>
    </StatePage>
  );
}
