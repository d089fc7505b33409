import { AuditList } from '../features/audit/audit-list.tsx';
import { useTitle } from '../ui/use-title.ts';

/** Who did what. */
export function AuditPage() {
  useTitle('Audit log');
  return (
    <>
      <h1 className="mb-5 text-2xl font-semibold">Audit log</h1>
      <AuditList />
    </>
  );
}
