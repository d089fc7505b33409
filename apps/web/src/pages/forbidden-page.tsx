import { Link } from 'react-router';
import { StatePage } from '../ui/state-page.tsx';
import { useTitle } from '../ui/use-title.ts';

/** 403: the address exists, and is not for this person. */
export function ForbiddenPage() {
  useTitle('Not allowed');
  return (
    <StatePage title="403 – not allowed">
      <p>This page is for administrators only.</p>
      <p>
        <Link className="text-accent underline" to="/subscribers">
          Go to Subscribers
        </Link>
      </p>
    </StatePage>
  );
}
