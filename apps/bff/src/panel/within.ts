/** A limit for what a person waits for, shorter than the adapter's own. */
import { Fault } from '../fault.ts';

/** DATABASE_DOWN when `work` has not ended in time; it goes on then, and how it ends is nobody's concern. */
export async function within<Result>(limitMs: number, work: Promise<Result>): Promise<Result> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    reject(new Fault('DATABASE_DOWN', 'The database of this server does not answer now.'));
  }, limitMs);
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
