import { ResellerList } from '../features/resellers/reseller-list.tsx';
import { useTitle } from '../ui/use-title.ts';

/** Who sells, and what he has paid. */
export function ResellersPage() {
  useTitle('Resellers');
  return (
    <>
      <h1 className="mb-5 text-2xl font-semibold">Resellers</h1>
      <ResellerList />
    </>
  );
}
