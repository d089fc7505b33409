/** Renders the whole panel in a test, with only the HTTP edge replaced. */
import type { MeReply } from '@proxpanel/contracts/auth';
import type { UserRole } from '@proxpanel/contracts/roles';
import type { ClusterStatus } from '@proxpanel/contracts/status';
import { QueryClientProvider } from '@tanstack/react-query';
import { cleanup, configure, render } from '@testing-library/react';
import userEvent, { type UserEvent } from '@testing-library/user-event';
import { http, HttpResponse } from 'msw';
import { setupServer } from 'msw/node';
import { MemoryRouter } from 'react-router';
import { afterAll, afterEach, beforeAll } from 'vitest';
import { makeQueryClient } from '../api/query-client.ts';
import { PanelRoutes } from '../pages/panel-routes.tsx';
import { resetClusterPage } from '../stores/cluster-page.ts';

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

export const server = setupServer(refreshed);

/** Call once in a test file. A request that no test expected fails it. */
export function serveInTests(): void {
  beforeAll(async () => {
    server.listen({ onUnhandledFrame: 'error' });
    // The pages that are loaded when first shown: on a loaded machine that may take longer than a test waits.
    await Promise.all([
      import('../pages/cluster-page.tsx'),
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

/** What the server says of who is signed in as `role`. */
export function meOf(role: UserRole): MeReply {
  return {
    user: { username: role, role },
    accounts_from_main_since: null,
    writes: { allowed: true, sentence: 'Writes are accepted.', main_url: null },
    keeps_secrets: true,
  };
}

/** Signed in as `role`. */
export function signedInAs(role: UserRole) {
  return http.get('/api/auth/me', () => HttpResponse.json(meOf(role)));
}

/** The status route, and the history that each shown node asks for. `replies` counts the status replies. */
export function statusIs(status: () => ClusterStatus): { replies: () => number } {
  let count = 0;
  server.use(
    signedInAs('admin'),
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

export function openPanel(path: string): UserEvent {
  const user = userEvent.setup();
  render(
    <QueryClientProvider client={makeQueryClient()}>
      <MemoryRouter initialEntries={[path]}>
        <PanelRoutes />
      </MemoryRouter>
    </QueryClientProvider>,
  );
  return user;
}
