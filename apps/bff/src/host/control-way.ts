/** One way to stop and start PostgreSQL: the port without its kind. */
import type { PostgresControlPort } from '../cluster/postgres-ports.ts';

export type ControlWay = Omit<PostgresControlPort, 'kind'>;
