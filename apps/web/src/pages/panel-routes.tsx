import { lazy, Suspense } from 'react';
import { Navigate, Route, Routes } from 'react-router';
import { Toaster } from 'sonner';
import { useTheme } from '../stores/theme.ts';
import { AppearancePage } from './appearance-page.tsx';
import { NotFoundPage } from './not-found-page.tsx';
import { PanelFrame } from './panel-frame.tsx';
import { AdminOnly, RequireUser } from './require-user.tsx';
import { SettingsPage } from './settings-page.tsx';
import { SignInPage } from './sign-in-page.tsx';
import { SubscribersPage } from './subscribers-page.tsx';

// The largest part of the panel, and one that a reseller never sees.
const ClusterPage = lazy(() => import('./cluster-page.tsx'));

/** Every address of the page. */
export function PanelRoutes() {
  const theme = useTheme((state) => state.choice);
  return (
    <>
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
                <Route
                  path="cluster"
                  element={
                    <Suspense fallback={<p className="text-muted">Loading…</p>}>
                      <ClusterPage />
                    </Suspense>
                  }
                />
              </Route>
            </Route>
            <Route path="*" element={<NotFoundPage />} />
          </Route>
        </Route>
      </Routes>
      <Toaster theme={theme} position="bottom-right" closeButton />
    </>
  );
}
