/** Ten wrong passwords a minute for one address and user name; after that a person waits and a guesser is slow. */
import type { RequestHandler } from 'express';
import { ipKeyGenerator, rateLimit } from 'express-rate-limit';
import { Fault } from '../fault.ts';

const WINDOW_MS = 60_000;
const FAILURES_ALLOWED = 10;

/** Counts only refused credentials: a database that is away is nobody's wrong guess. */
export function createLoginLimiter(): RequestHandler {
  return rateLimit({
    windowMs: WINDOW_MS,
    limit: FAILURES_ALLOWED,
    legacyHeaders: false,
    standardHeaders: false,
    skipSuccessfulRequests: true,
    requestWasSuccessful: (_request, response) => response.statusCode !== 401,
    keyGenerator: (request) => {
      const { username } = request.body as { username: string };
      return `${ipKeyGenerator(request.socket.remoteAddress ?? '')} ${username}`;
    },
    handler: (request, _response, next) => {
      const { resetTime } = (request as typeof request & { rateLimit: { resetTime?: Date } }).rateLimit;
      const waitMs = resetTime === undefined ? WINDOW_MS : resetTime.getTime() - Date.now();
      const retryAfterSeconds = Math.max(1, Math.ceil(waitMs / 1000));
      const sentence = `Too many wrong passwords for this user; try again in ${String(retryAfterSeconds)} s.`;
      next(new Fault('TOO_MANY_REQUESTS', sentence, { retryAfterSeconds }));
    },
  });
}
