import { Link, useNavigate, useParams } from 'react-router';
import { notLoaded } from '../api/not-loaded.ts';
import { useSubscriber } from '../api/subscribers.ts';
import { SubscriberDetails } from '../features/subscribers/subscriber-details.tsx';
import { NotLoaded } from '../ui/loaded.tsx';
import { useTitle } from '../ui/use-title.ts';
import { NotFoundPage } from './not-found-page.tsx';

export function SubscriberPage() {
  const { id = '' } = useParams();
  return /^[1-9]\d{0,9}$/.test(id) ? <Shown id={Number(id)} /> : <NotFoundPage />;
}

function Shown({ id }: { id: number }) {
  const subscriber = useSubscriber(id);
  const navigate = useNavigate();
  const name = subscriber.data?.username ?? 'Subscriber';
  useTitle(name);
  return (
    <>
      <p className="text-sm">
        <Link className="text-accent underline" to="/subscribers">
          All subscribers
        </Link>
      </p>
      <h1 className="mb-5 text-2xl font-semibold break-all">{name}</h1>
      {subscriber.data === undefined ? (
        <NotLoaded {...notLoaded(subscriber)} />
      ) : (
        <SubscriberDetails
          subscriber={subscriber.data}
          onRemoved={() => {
            void navigate('/subscribers');
          }}
        />
      )}
    </>
  );
}
