import { ServiceList } from '../features/services/service-list.tsx';
import { useTitle } from '../ui/use-title.ts';

/** What is sold. */
export function ServicesPage() {
  useTitle('Services');
  return (
    <>
      <h1 className="mb-5 text-2xl font-semibold">Services</h1>
      <ServiceList />
    </>
  );
}
