/**
 * What load balancers ask (DESIGN §5): 200 or 503 to GET, HEAD and OPTIONS, as the field's HAProxy templates expect.
 * They are asked every second by every balancer, so they neither log nor touch the database.
 */
import type { Role } from '@proxpanel/contracts/roles';
import { Router, type RequestHandler } from 'express';
import { toErrorAnswer } from './error-mapping.ts';
import { Fault } from '../fault.ts';

export interface RoleView {
  /** The effective role: configured, corrected by the database (DESIGN §2). */
  readonly role: Role;
  /** Out of recovery and the gate open; a standalone server too. */
  readonly writable: boolean;
  /** In recovery and receiving WAL from main now. */
  readonly streamingSecondary: boolean;
}

const questions: Record<string, (view: RoleView) => boolean> = {
  '/primary': (view) => view.writable,
  '/read-write': (view) => view.writable,
  '/replica': (view) => view.streamingSecondary,
  '/read-only': (view) => view.writable || view.streamingSecondary,
};

const METHODS = ['GET', 'HEAD', 'OPTIONS'];

export function createLoadBalancerRouter(roleView: () => RoleView): Router {
  const router = Router({ caseSensitive: true, strict: true });
  for (const [path, isYes] of Object.entries(questions)) router.all(path, answerWith(roleView, isYes));
  return router;
}

function answerWith(roleView: () => RoleView, isYes: (view: RoleView) => boolean): RequestHandler {
  return (request, response) => {
    response.set('Cache-Control', 'no-store');
    if (!METHODS.includes(request.method)) {
      const fault = new Fault('METHOD_NOT_ALLOWED', `Ask with one of: ${METHODS.join(', ')}.`);
      const { status, reply } = toErrorAnswer(fault, { requestId: '', mainApiUrl: null });
      response.status(status).set('Allow', METHODS.join(', ')).json(reply);
      return;
    }
    const view = roleView();
    const { role, writable } = view;
    response.status(isYes(view) ? 200 : 503).json({ role, writable });
  };
}
