/** Faults that only the http room and those who feed it know. */
import type { VerifiedPeer } from '../cluster/peer-ports.ts';
import { Fault, type FaultDetails } from '../fault.ts';
import type { ErrorCode } from '@proxpanel/contracts/error-codes';

/** What a signature of a reply needs to know of its caller. */
export type ReplyTo = Pick<VerifiedPeer, 'jti' | 'secret'>;

/**
 * A refusal that is signed although the caller was not let in: a removed node believes its 410 only when it can check
 * it (DESIGN §7). The secret stays out of sight of loggers.
 */
export class SignedFault extends Fault {
  readonly #replyTo: ReplyTo;

  constructor(code: ErrorCode, sentence: string, replyTo: ReplyTo, details: FaultDetails = {}) {
    super(code, sentence, details);
    this.#replyTo = replyTo;
  }

  get replyTo(): ReplyTo {
    return this.#replyTo;
  }
}
