/** Renders the whole panel in a test, with only the HTTP edge replaced. */
import type { MeReply } from '@proxpanel/contracts/auth';
import type { UserRole } from '@proxpanel/contracts/roles';
import type { ClusterStatus } from '@proxpanel/contracts/status';
import { QueryClientProvider } from '@tanstack/react-query';
import { cleanup, configure, render } from '@testing-library/react';
import userEvent, { type UserEvent } from '@testing-library/user-event';
import { http, HttpResponse } from 'msw';
import { setupServer } from 'msw/node';
import { MemoryRouter, useLocation } from 'react-router';
import { afterAll, afterEach, beforeAll } from 'vitest';
import { makeQueryClient } from '../api/query-client.ts';
import { PanelRoutes } from '../pages/panel-routes.tsx';
import { resetClusterPage } from '../stores/cluster-page.ts';
import { me, panelSettings } from './panel-fixtures.ts';

// On a loaded machine a page is slow, not wrong.
configure({ asyncUtilTimeout: 20_000 });

/** A session that can be refreshed; a test in which it has ended says so. */
const refreshed = http.post('/api/auth/refresh', () =>
  HttpResponse.json({
    token: 't',
    expires_at: new Date(Date.now() + 900_000).toISOString(),
    user: { username: 'admin', role: 'admin' },
  }),
);

/** What the frame asks for on every page: no pictures, and a company. */
export const server = setupServer(
  refreshed,
  http.get('/api/uploads', () => HttpResponse.json({ uploads: [] })),
  http.get('/api/settings', () => HttpResponse.json(panelSettings())),
);

/** Call once in a test file. A request that no test expected fails it. */
export function serveInTests(): void {
  beforeAll(async () => {
    server.listen({ onUnhandledFrame: 'error' });
    // The pages that are loaded when first shown: on a loaded machine that may take longer than a test waits.
    await Promise.all([
      import('../pages/cluster-page.tsx'),
      import('../pages/dashboard-page.tsx'),
      import('../pages/sign-in-page.tsx'),
      import('../pages/subscribers-page.tsx'),
    ]);
  }, 120_000);
  afterEach(() => {
    cleanup();
    server.resetHandlers();
    resetClusterPage();
  });
  afterAll(() => {
    server.close();
  });
}

export function refusal(status: number, code: string, error: string, more: Record<string, unknown> = {}) {
  return HttpResponse.json({ error, code, ...more }, { status });
}

/** Signed in as `role`, on a server that takes writes unless told. */
export function signedInAs(role: UserRole, changes: Partial<MeReply> = {}) {
  return http.get('/api/auth/me', () => HttpResponse.json({ ...me(role), ...changes }));
}

/** The status route, and the history that each shown node asks for. `replies` counts the status replies. */
export function statusIs(status: () => ClusterStatus): { replies: () => number } {
  let count = 0;
  server.use(
    http.get('/api/auth/me', () =>
      HttpResponse.json({ ...me('admin'), writes: { ...status().writes, main_url: null } }),
    ),
    http.get('/api/cluster/status', () => {
      count += 1;
      return HttpResponse.json(status());
    }),
    http.get('/api/cluster/nodes/:id/metrics', ({ params }) =>
      HttpResponse.json({ node_id: Number(params['id']), points: [] }),
    ),
  );
  return { replies: () => count };
}

/** Where the panel is now, path and query. */
export function shownAddress(): string {
  return document.querySelector('[data-testid=address]')?.textContent ?? '';
}

function ShownAddress() {
  const { pathname, search } = useLocation();
  return (
    <p hidden data-testid="address">
      {pathname}
      {search}
    </p>
  );
}

export function openPanel(path: string): UserEvent {
  const user = userEvent.setup();
  render(
    <QueryClientProvider client={makeQueryClient()}>
      <MemoryRouter initialEntries={[path]}>
        <PanelRoutes />
        <ShownAddress />
      </MemoryRouter>
    </QueryClientProvider>,
  );
  return user;
}
