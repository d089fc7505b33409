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

// The largest part of the panel, and one that a reseller never sees.
const ClusterPage = lazy(async () => ({ default: (await import('./cluster-page.tsx')).ClusterPage }));
// Both carry the form library, which a person who is signed in and opens the Cluster tab need not wait for.
const SignInPage = lazy(async () => ({ default: (await import('./sign-in-page.tsx')).SignInPage }));
const SubscribersPage = lazy(async () => ({ default: (await import('./subscribers-page.tsx')).SubscribersPage }));

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
                <Route index element={<Navigate to="/subscribers" replace />} />
                <Route path="/subscribers" element={<SubscribersPage />} />
                <Route path="/settings" element={<SettingsPage />}>
                  <Route index element={<Navigate to="appearance" replace />} />
                  <Route path="appearance" element={<AppearancePage />} />
                  <Route element={<AdminOnly />}>
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
