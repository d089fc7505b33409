import { SubscriberList } from '../features/subscribers/subscriber-list.tsx';
import { useTitle } from '../ui/use-title.ts';

/** What the cluster protects. */
export function SubscribersPage() {
  useTitle('Subscribers');
  return (
    <>
      <h1 className="mb-5 text-2xl font-semibold">Subscribers</h1>
      <SubscriberList />
    </>
  );
}
