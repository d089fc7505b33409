/** What --help says in setup_replica.sh and in rejoin.sh. */
import { bash } from './bash-template.ts';

export const joinUsageFragment = bash`
usage() {
  cat <<'USAGE'
Usage: bash setup_replica.sh [--dry-run | --rollback [--force] | --help]

Replaces this server's PostgreSQL data by a clone of the main server's and follows it from then on.
The old data directory is moved aside, never deleted, and put back by itself when anything fails.

  (no option)  checks everything, then stops PostgreSQL, clones, starts, and waits for streaming.
               After an interrupted run it first puts the old data back. Run again while streaming
               from this main it does nothing.
  --dry-run    makes every check that needs no password (that one works only once) and says what
               would be done. Changes nothing.
  --rollback   puts the old data back after a run that was interrupted (power cut, SIGKILL).
  --force      with --rollback: also after a run that succeeded. Leave the cluster in the panel
               first. The clone is kept beside the old data, not deleted.
  --help       this text.

Environment:
  PROXPANEL_PG_BINDIR       directory of PostgreSQL's programs, if they are not found by themselves
  PROXPANEL_MAX_RATE        limit of the clone's speed, as pg_basebackup --max-rate wants it (e.g. 20M)
  PROXPANEL_STREAM_TIMEOUT  seconds to wait until the new replica streams (default 300)

Exit codes:
  0    streaming from main, or there was nothing to do, or the rollback was done
  1    failed after PostgreSQL was stopped; the old database is back
  2    refused, nothing was changed (wrong user, a failed check, a wrong option)
  3    the one-time token is spent or has expired, nothing was changed
  4    the old database could not be put back by itself: read what was printed
  5    another run of this script is working on this database
  129, 130, 143   ended by a signal (HUP, INT, TERM); the old database is back
USAGE
}
`;

export const rejoinUsageFragment = bash`
usage() {
  cat <<'USAGE'
Usage: bash rejoin.sh [--dry-run | --no-base-backup | --rollback | --help]

Makes an old main server, which holds rows that the new main does not have, the new main's replica.
Its data directory is moved aside, never deleted, and put back by itself, read-only, when anything
fails. What only this server holds stays there for you to read.

  (no option)       checks everything, stops PostgreSQL, rewinds a copy of its data to the history of
                    main (pg_rewind), starts, and waits for streaming. Where that is impossible it
                    clones main's whole database instead. After an interrupted run it first puts the
                    old data back. Run again while streaming it does nothing.
  --dry-run         makes every check that needs no password (that one works only once) and says what
                    would be done. Changes nothing.
  --no-base-backup  fails instead of cloning the whole database, for a slow link.
  --rollback        puts the old data back, read-only, after a run that was interrupted (power cut,
                    SIGKILL).
  --help            this text.

Environment:
  PROXPANEL_PG_BINDIR       directory of PostgreSQL's programs, if they are not found by themselves
  PROXPANEL_MAX_RATE        limit of a clone's speed, as pg_basebackup --max-rate wants it (e.g. 20M)
  PROXPANEL_STREAM_TIMEOUT  seconds to wait until the replica streams (default 300)

Exit codes:
  0    streaming from main, or there was nothing to do, or the rollback was done
  1    failed after PostgreSQL was stopped; the old database is back, read-only
  2    refused, nothing was changed (wrong user, a failed check, a wrong option)
  3    the one-time token is spent or has expired, nothing was changed
  4    the old database could not be put back by itself: read what was printed
  5    another run of this script is working on this database
  129, 130, 143   ended by a signal (HUP, INT, TERM); the old database is back, read-only
USAGE
}
`;
