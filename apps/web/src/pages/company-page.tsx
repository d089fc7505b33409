import { notLoaded } from '../api/not-loaded.ts';
import { usePanelSettings } from '../api/panel-settings.ts';
import { CompanyCard } from '../features/company/company-card.tsx';
import { NotLoaded } from '../ui/loaded.tsx';
import { useTitle } from '../ui/use-title.ts';

/** Settings → Company. */
export function CompanyPage() {
  useTitle('Company');
  const settings = usePanelSettings();
  if (settings.data !== undefined) return <CompanyCard row={settings.data} />;
  return <NotLoaded {...notLoaded(settings)} />;
}
