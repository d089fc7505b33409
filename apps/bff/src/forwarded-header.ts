/** The mark of a call that one server passes on to another for a person; written in `peer/`, read in `http/`. */

/** Set on a forwarded call, so that two servers that both think the other is main do not send it round in circles. */
export const FORWARDED_HEADER = 'x-cluster-forwarded';
