import { expect, test } from 'vitest';
import type { RoleView } from './load-balancer.ts';
import { startTestApp } from './test-app.ts';

const standalone: RoleView = { role: 'standalone', writable: true, streamingSecondary: false };
const main: RoleView = { role: 'main', writable: true, streamingSecondary: false };
const shutMain: RoleView = { role: 'main', writable: false, streamingSecondary: false };
const streaming: RoleView = { role: 'secondary', writable: false, streamingSecondary: true };
const cutOff: RoleView = { role: 'secondary', writable: false, streamingSecondary: false };

const expected: [string, RoleView, Record<string, number>][] = [
  ['standalone', standalone, { '/primary': 200, '/read-write': 200, '/replica': 503, '/read-only': 200 }],
  ['main', main, { '/primary': 200, '/read-write': 200, '/replica': 503, '/read-only': 200 }],
  ['main, gate shut', shutMain, { '/primary': 503, '/read-write': 503, '/replica': 503, '/read-only': 503 }],
  ['secondary, streaming', streaming, { '/primary': 503, '/read-write': 503, '/replica': 200, '/read-only': 200 }],
  ['secondary, cut off', cutOff, { '/primary': 503, '/read-write': 503, '/replica': 503, '/read-only': 503 }],
];

test('a load balancer gets the same answer by GET, HEAD and OPTIONS, for every role', async () => {
  const { ask, state } = await startTestApp();
  for (const [name, view, statusByPath] of expected) {
    state.role = view;
    for (const [path, status] of Object.entries(statusByPath)) {
      for (const method of ['GET', 'HEAD', 'OPTIONS']) {
        const answer = await ask(method, path);
        expect([name, method, path, answer.status]).toEqual([name, method, path, status]);
        expect(answer.headers.get('cache-control')).toBe('no-store');
      }
    }
    const health = await ask('GET', '/health');
    expect([health.status, health.json.role]).toEqual([200, view.role]);
  }
});

test('any other method is 405 with Allow', async () => {
  const { ask } = await startTestApp();
  for (const method of ['POST', 'PUT', 'DELETE', 'PATCH']) {
    const answer = await ask(method, '/primary');
    expect([method, answer.status, answer.json.code]).toEqual([method, 405, 'METHOD_NOT_ALLOWED']);
    expect(answer.headers.get('allow')).toBe('GET, HEAD, OPTIONS');
  }
});
