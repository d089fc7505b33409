import { lazy, Suspense } from 'react';
import { Navigate, Route, Routes } from 'react-router';
import { Toaster } from 'sonner';
import { useTheme } from '../stores/theme.ts';
import { ErrorBoundary } from '../ui/error-boundary.tsx';
import { AppearancePage } from './appearance-page.tsx';
import { NotFoundPage } from './not-found-page.tsx';
import { PanelFrame } from './panel-frame.tsx';
import { AdminOnly, RequireUser } from './require-user.tsx';
import { SettingsPage } from './settings-page.tsx';

// Each page is loaded when it is first shown: most carry the form library, and half of them a reseller never sees.
const ClusterPage = lazy(async () => ({ default: (await import('./cluster-page.tsx')).ClusterPage }));
const SignInPage = lazy(async () => ({ default: (await import('./sign-in-page.tsx')).SignInPage }));
const DashboardPage = lazy(async () => ({ default: (await import('./dashboard-page.tsx')).DashboardPage }));
const SubscribersPage = lazy(async () => ({ default: (await import('./subscribers-page.tsx')).SubscribersPage }));
const SubscriberPage = lazy(async () => ({ default: (await import('./subscriber-page.tsx')).SubscriberPage }));
const ServicesPage = lazy(async () => ({ default: (await import('./services-page.tsx')).ServicesPage }));
const NasPage = lazy(async () => ({ default: (await import('./nas-page.tsx')).NasPage }));
const ResellersPage = lazy(async () => ({ default: (await import('./resellers-page.tsx')).ResellersPage }));
const InvoicesPage = lazy(async () => ({ default: (await import('./invoices-page.tsx')).InvoicesPage }));
const AuditPage = lazy(async () => ({ default: (await import('./audit-page.tsx')).AuditPage }));
const CompanyPage = lazy(async () => ({ default: (await import('./company-page.tsx')).CompanyPage }));
const BrandingPage = lazy(async () => ({ default: (await import('./branding-page.tsx')).BrandingPage }));
const LicensePage = lazy(async () => ({ default: (await import('./license-page.tsx')).LicensePage }));

const loading = <p className="p-5 text-muted">Loading…</p>;

/** Every address of the page. */
export function PanelRoutes() {
  const theme = useTheme((state) => state.choice);
  return (
    <>
      <ErrorBoundary>
        <Suspense fallback={loading}>
          <Routes>
            <Route path="/sign-in" element={<SignInPage />} />
            <Route element={<RequireUser />}>
              <Route element={<PanelFrame />}>
                <Route index element={<Navigate to="/dashboard" replace />} />
                <Route path="/dashboard" element={<DashboardPage />} />
                <Route path="/subscribers" element={<SubscribersPage />} />
                <Route path="/subscribers/:id" element={<SubscriberPage />} />
                <Route element={<AdminOnly />}>
                  <Route path="/services" element={<ServicesPage />} />
                  <Route path="/routers" element={<NasPage />} />
                  <Route path="/resellers" element={<ResellersPage />} />
                  <Route path="/invoices" element={<InvoicesPage />} />
                  <Route path="/audit-log" element={<AuditPage />} />
                </Route>
                <Route path="/settings" element={<SettingsPage />}>
                  <Route index element={<Navigate to="appearance" replace />} />
                  <Route path="appearance" element={<AppearancePage />} />
                  <Route element={<AdminOnly />}>
                    <Route path="company" element={<CompanyPage />} />
                    <Route path="branding" element={<BrandingPage />} />
                    <Route path="license" element={<LicensePage />} />
                    <Route path="cluster" element={<ClusterPage />} />
                  </Route>
                </Route>
                <Route path="*" element={<NotFoundPage />} />
              </Route>
            </Route>
          </Routes>
        </Suspense>
      </ErrorBoundary>
      <Toaster theme={theme} position="bottom-right" closeButton />
    </>
  );
}
