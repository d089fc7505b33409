import { SubscriberForm } from '../features/subscribers/subscriber-form.tsx';
import { SubscriberList } from '../features/subscribers/subscriber-list.tsx';
import { Card } from '../ui/card.tsx';
import { useTitle } from '../ui/use-title.ts';

/** What the cluster protects. */
export function SubscribersPage() {
  useTitle('Subscribers');
  return (
    <div className="flex flex-col gap-5">
      <h1 className="text-2xl font-semibold">Subscribers</h1>
      <Card title="Add a subscriber">
        <SubscriberForm />
      </Card>
      <Card title="All subscribers">
        <SubscriberList />
      </Card>
    </div>
  );
}
