import { NasList } from '../features/nas/nas-list.tsx';
import { useTitle } from '../ui/use-title.ts';

/** The routers that ask RADIUS. */
export function NasPage() {
  useTitle('Routers (NAS)');
  return (
    <>
      <h1 className="mb-5 text-2xl font-semibold">Routers (NAS)</h1>
      <NasList />
    </>
  );
}
