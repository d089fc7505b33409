/**
 * The panel's business: subscribers and what they are sold by, RADIUS' standard tables, money, rules and the audit log. What
 * RADIUS reads are views of these tables, so that no second copy of a subscriber exists that could be behind; what it writes
 * is `radacct` alone, from which a trigger keeps who is online and what was used.
 */
import type { Migration } from 'kysely/migration';
import { RESELLER_COUNTS } from './panel-reseller-counts.ts';
import { runStatements } from './run-statements.ts';

const TABLES = [
  // Both are trusted extensions of PostgreSQL's own; Debian and the official image carry them.
  'CREATE EXTENSION IF NOT EXISTS pgcrypto',
  'CREATE EXTENSION IF NOT EXISTS pg_trgm',
  `ALTER TABLE users
     ADD COLUMN display_name text NOT NULL DEFAULT '',
     ADD COLUMN is_active boolean NOT NULL DEFAULT true,
     ADD COLUMN row_version integer NOT NULL DEFAULT 0`,
  `CREATE TABLE services (
     id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
     name text NOT NULL UNIQUE,
     download_kbps integer NOT NULL CHECK (download_kbps > 0),
     upload_kbps integer NOT NULL CHECK (upload_kbps > 0),
     daily_quota_bytes bigint CHECK (daily_quota_bytes >= 0),
     monthly_quota_bytes bigint CHECK (monthly_quota_bytes >= 0),
     price_minor bigint NOT NULL CHECK (price_minor >= 0),
     expiry_value integer CHECK (expiry_value > 0),
     expiry_unit text NOT NULL CHECK (expiry_unit IN ('hour', 'day', 'week', 'month', 'year')),
     pool text NOT NULL,
     created_at timestamptz(3) NOT NULL DEFAULT now(),
     updated_at timestamptz(3) NOT NULL DEFAULT now(),
     row_version integer NOT NULL DEFAULT 0)`,
  `ALTER TABLE subscribers
     ADD COLUMN password_sealed bytea,
     ADD COLUMN service_id integer REFERENCES services,
     ADD COLUMN reseller_id integer REFERENCES users,
     ADD COLUMN expires_at timestamptz(3),
     ADD COLUMN is_active boolean NOT NULL DEFAULT true,
     ADD COLUMN open_sessions integer NOT NULL DEFAULT 0 CHECK (open_sessions >= 0),
     ADD COLUMN note text NOT NULL DEFAULT '',
     ADD COLUMN updated_at timestamptz(3) NOT NULL DEFAULT now(),
     ADD COLUMN row_version integer NOT NULL DEFAULT 0`,
  // Bytes compare alike on every server: an index in the order of a locale is wrong on a standby whose C library has another.
  'ALTER TABLE subscribers ALTER COLUMN username TYPE text COLLATE "C"',
  // Names are found and sorted in lower case; a column, since an index over an expression cannot answer without the table.
  'ALTER TABLE subscribers ADD COLUMN name_key text COLLATE "C" NOT NULL GENERATED ALWAYS AS (lower(username)) STORED',
  // One for each order of the list, and beside each the same for one reseller. A subscriber without an end comes last, also
  // in the comparison of a page's last row. What is filtered by is INCLUDEd: rows that a filter drops cost no visit to the table.
  `CREATE INDEX subscribers_by_name ON subscribers (name_key, id)
     INCLUDE (expires_at, is_active, open_sessions, service_id, reseller_id)`,
  `CREATE INDEX subscribers_by_expiry ON subscribers (coalesce(expires_at, 'infinity'), id)
     INCLUDE (expires_at, name_key, is_active, open_sessions, service_id, reseller_id)`,
  'CREATE INDEX subscribers_of_reseller ON subscribers (reseller_id, id)',
  `CREATE INDEX subscribers_of_reseller_by_name ON subscribers (reseller_id, name_key, id)
     INCLUDE (expires_at, is_active, open_sessions, service_id)`,
  `CREATE INDEX subscribers_of_reseller_by_expiry ON subscribers (reseller_id, coalesce(expires_at, 'infinity'), id)
     INCLUDE (expires_at, name_key, is_active, open_sessions, service_id)`,
  'CREATE INDEX subscribers_of_service ON subscribers (service_id, id)',
  // Who is online has not expired, and who was switched off mostly has: in the order of the ends they stand together.
  `CREATE INDEX subscribers_online ON subscribers (coalesce(expires_at, 'infinity'), id)
     INCLUDE (expires_at, name_key, service_id, reseller_id) WHERE open_sessions > 0`,
  `CREATE INDEX subscribers_online_of_reseller ON subscribers (reseller_id, coalesce(expires_at, 'infinity'), id)
     INCLUDE (expires_at, name_key, service_id) WHERE open_sessions > 0`,
  `CREATE INDEX subscribers_inactive ON subscribers (coalesce(expires_at, 'infinity'), id)
     INCLUDE (expires_at, name_key, service_id, reseller_id) WHERE NOT is_active`,
  // Such an answer needs VACUUM to have seen the page: sooner than after a fifth of the table has changed.
  'ALTER TABLE subscribers SET (autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.02)',
  // Without the first letter: what a name begins with is found in the order of names, however many begin so.
  `CREATE INDEX subscribers_by_part_of_name ON subscribers USING gin (substr(name_key, 2) gin_trgm_ops)`,
  // How frequent a part of a name is decides how it is searched for; a hundred samples are too few to tell.
  'ALTER TABLE subscribers ALTER COLUMN name_key SET STATISTICS 1000',
  'ALTER INDEX subscribers_by_part_of_name ALTER COLUMN 1 SET STATISTICS 1000',
  // PostgreSQL's default is that of a disk that turns; the subscribers of a panel are in memory. Whoever chose is not overruled.
  `DO $$ BEGIN
     IF current_setting('random_page_cost') = '4' THEN
       EXECUTE format('ALTER DATABASE %I SET random_page_cost = 1.1', current_database());
     END IF;
   END $$`,
  `CREATE TABLE nas_devices (
     id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
     name text NOT NULL UNIQUE,
     address text NOT NULL UNIQUE,
     type text NOT NULL,
     ports integer,
     secret_sealed bytea NOT NULL,
     created_at timestamptz(3) NOT NULL DEFAULT now(),
     updated_at timestamptz(3) NOT NULL DEFAULT now(),
     row_version integer NOT NULL DEFAULT 0)`,
  `CREATE TABLE audit_log (
     id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
     at timestamptz(3) NOT NULL DEFAULT now(),
     actor text NOT NULL,
     action text NOT NULL,
     entity text NOT NULL,
     entity_id text NOT NULL,
     changes jsonb NOT NULL)`,
  `CREATE TABLE reseller_transactions (
     id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
     reseller_id integer NOT NULL REFERENCES users,
     amount_minor bigint NOT NULL CHECK (amount_minor <> 0),
     note text NOT NULL,
     actor text NOT NULL,
     at timestamptz(3) NOT NULL DEFAULT now())`,
  'CREATE INDEX reseller_transactions_of ON reseller_transactions (reseller_id, id) INCLUDE (amount_minor)',
  `CREATE TABLE invoices (
     id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
     subscriber_id integer REFERENCES subscribers ON DELETE SET NULL,
     subscriber_name text NOT NULL,
     amount_minor bigint NOT NULL CHECK (amount_minor >= 0),
     status text NOT NULL DEFAULT 'open' CHECK (status IN ('open', 'paid', 'cancelled')),
     issued_at timestamptz(3) NOT NULL DEFAULT now(),
     due_at timestamptz(3),
     row_version integer NOT NULL DEFAULT 0)`,
  'CREATE INDEX invoices_of_subscriber ON invoices (subscriber_id)',
  `CREATE TABLE bandwidth_rules (
     id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
     service_id integer NOT NULL REFERENCES services ON DELETE CASCADE,
     name text NOT NULL,
     from_time time(0) NOT NULL,
     to_time time(0) NOT NULL,
     download_kbps integer NOT NULL CHECK (download_kbps > 0),
     upload_kbps integer NOT NULL CHECK (upload_kbps > 0),
     is_active boolean NOT NULL,
     row_version integer NOT NULL DEFAULT 0,
     UNIQUE (service_id, name),
     CONSTRAINT bandwidth_rules_to_time_check CHECK (to_time <> from_time))`,
  `CREATE TABLE fup_counters (
     subscriber_id integer NOT NULL REFERENCES subscribers ON DELETE CASCADE,
     day date NOT NULL,
     download_bytes bigint NOT NULL,
     upload_bytes bigint NOT NULL,
     PRIMARY KEY (subscriber_id, day))`,
  `CREATE TABLE panel_settings (
     the_only boolean PRIMARY KEY DEFAULT true CHECK (the_only),
     company_name text NOT NULL DEFAULT 'ProxPanel',
     currency text NOT NULL DEFAULT 'EUR',
     support_contact text NOT NULL DEFAULT '',
     row_version integer NOT NULL DEFAULT 0)`,
  'INSERT INTO panel_settings DEFAULT VALUES',
  // The dashboard's counts by an index alone: of a million subscribers in a third of the time, of one reseller's in a hundredth.
  'CREATE INDEX subscribers_counted ON subscribers (reseller_id, is_active, expires_at, open_sessions)',
] as const;

/**
 * Opens what `panel/seal-column.ts` has sealed with AES-256-GCM, for a session that was given the key as a setting: RADIUS'
 * configuration holds it, no row does. GCM enciphers with a counter that starts at 2 (NIST SP 800-38D, 7.1); its tag is
 * checked by the panel and not here, where a changed byte opens to another password and no one gets in by it.
 */
const OPEN_SEALED = `
  CREATE FUNCTION panel_open(sealed bytea) RETURNS text LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
  DECLARE
    key bytea := decode(coalesce(current_setting('proxpanel.encryption_key', true), ''), 'hex');
    enciphered bytea := substr(sealed, 14, length(sealed) - 29);
    stream bytea := '';
  BEGIN
    IF length(key) <> 32 OR sealed IS NULL OR length(sealed) < 30 THEN RETURN NULL; END IF;
    FOR block IN 0 .. (length(enciphered) - 1) / 16 LOOP
      stream := stream || encrypt(substr(sealed, 2, 12) || int4send(block + 2), key, 'aes-ecb/pad:none');
    END LOOP;
    FOR place IN 0 .. length(enciphered) - 1 LOOP
      enciphered := set_byte(enciphered, place, get_byte(enciphered, place) # get_byte(stream, place));
    END LOOP;
    RETURN convert_from(enciphered, 'UTF8');
  EXCEPTION WHEN character_not_in_repertoire THEN
    -- Another key than the one that it was sealed with.
    RETURN NULL;
  END $$`;

/** FreeRADIUS' own schema of PostgreSQL, which billing programs know. Its statements are `cli/radius/render-queries.ts`. */
const ACCOUNTING = [
  `CREATE TABLE radacct (
     radacctid bigserial PRIMARY KEY,
     acctsessionid text NOT NULL,
     acctuniqueid text NOT NULL UNIQUE,
     username text, groupname text, realm text,
     nasipaddress inet NOT NULL, nasportid text, nasporttype text,
     acctstarttime timestamptz, acctupdatetime timestamptz, acctstoptime timestamptz,
     acctinterval bigint, acctsessiontime bigint, acctauthentic text,
     connectinfo_start text, connectinfo_stop text,
     acctinputoctets bigint, acctoutputoctets bigint,
     calledstationid text, callingstationid text, acctterminatecause text,
     servicetype text, framedprotocol text,
     framedipaddress inet, framedipv6address inet, framedipv6prefix inet, framedinterfaceid text,
     delegatedipv6prefix inet, class text)`,
  'CREATE INDEX radacct_open ON radacct (username, acctstarttime) WHERE acctstoptime IS NULL',
  'CREATE INDEX radacct_started ON radacct (acctstarttime)',
  'CREATE INDEX radacct_of_nas ON radacct (nasipaddress, acctstarttime) WHERE acctstoptime IS NULL',
  // Output is what the router sent to the subscriber. Sums stay within what a JavaScript number can hold. Who writes
  // radacct may write nothing else: the function has its owner's rights, and looks for no table among the caller's own.
  `CREATE FUNCTION panel_count_session() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
   DECLARE
     was_open integer := 0;
     down bigint := coalesce(NEW.acctoutputoctets, 0);
     up bigint := coalesce(NEW.acctinputoctets, 0);
     counted integer;
   BEGIN
     IF TG_OP = 'UPDATE' THEN
       was_open := (OLD.acctstoptime IS NULL)::integer;
       down := down - coalesce(OLD.acctoutputoctets, 0);
       up := up - coalesce(OLD.acctinputoctets, 0);
     END IF;
     SELECT id INTO counted FROM subscribers WHERE username = NEW.username;
     IF counted IS NULL THEN RETURN NULL; END IF;
     IF was_open <> (NEW.acctstoptime IS NULL)::integer THEN
       UPDATE subscribers SET open_sessions = greatest(0, open_sessions + (NEW.acctstoptime IS NULL)::integer - was_open)
        WHERE id = counted;
     END IF;
     IF down > 0 OR up > 0 THEN
       INSERT INTO fup_counters AS counter (subscriber_id, day, download_bytes, upload_bytes)
       VALUES (counted, coalesce(NEW.acctupdatetime, NEW.acctstoptime, now())::date, greatest(down, 0), greatest(up, 0))
       ON CONFLICT (subscriber_id, day) DO UPDATE
         SET download_bytes = least(counter.download_bytes::numeric + excluded.download_bytes, 9007199254740991),
             upload_bytes = least(counter.upload_bytes::numeric + excluded.upload_bytes, 9007199254740991);
     END IF;
     RETURN NULL;
   END $$`,
  `CREATE TRIGGER panel_count_session AFTER INSERT OR UPDATE ON radacct
     FOR EACH ROW EXECUTE FUNCTION panel_count_session()`,
] as const;

/**
 * Views, and no tables that a trigger keeps: there is no second copy of a subscriber that could be behind or left over, a
 * change holds with its commit, what is true now (expired, the speed of this hour) needs nobody to write it, and views
 * replicate with the schema, so that a secondary answers from its own replica.
 */
const VIEWS = [
  // FreeRADIUS takes quotes off a value, and runs the backslashes in it: within quotes of our own each password is itself.
  `CREATE VIEW radcheck AS
     SELECT id, username, 'Cleartext-Password'::text AS attribute, ':='::text AS op,
            '"' || replace(replace(value, '\\', '\\\\'), '"', '\\"') || '"' AS value
       FROM (SELECT id, username, panel_open(password_sealed) AS value FROM subscribers
              WHERE is_active AND password_sealed IS NOT NULL AND (expires_at IS NULL OR expires_at > now())) AS opened
      WHERE value IS NOT NULL`,
  // A session ends when what was paid for does.
  `CREATE VIEW radreply AS
     SELECT id, username, 'Session-Timeout'::text AS attribute, ':='::text AS op,
            greatest(60, least(2147483647, extract(epoch FROM expires_at - now())))::bigint::text AS value
       FROM subscribers WHERE expires_at > now()`,
  `CREATE VIEW radusergroup AS
     SELECT id, username, 'service-' || service_id AS groupname, 1 AS priority
       FROM subscribers WHERE service_id IS NOT NULL`,
  `CREATE VIEW radgroupcheck AS
     SELECT id, 'service-' || id AS groupname, ''::text AS attribute, ':='::text AS op, ''::text AS value
       FROM services WHERE false`,
  // The speed of the rule that holds at this time of the day, else the service's; rules may go over midnight.
  `CREATE VIEW radgroupreply AS
     SELECT services.id * 10 + 1 AS id, 'service-' || services.id AS groupname, 'Mikrotik-Rate-Limit'::text AS attribute,
            ':='::text AS op,
            coalesce(rule.upload_kbps, services.upload_kbps) || 'k/'
              || coalesce(rule.download_kbps, services.download_kbps) || 'k' AS value
       FROM services LEFT JOIN LATERAL (
         SELECT upload_kbps, download_kbps FROM bandwidth_rules
          WHERE service_id = services.id AND is_active
            AND CASE WHEN from_time <= to_time THEN localtime >= from_time AND localtime < to_time
                     ELSE localtime >= from_time OR localtime < to_time END
          ORDER BY id LIMIT 1) AS rule ON true
     UNION ALL
     SELECT id * 10 + 2, 'service-' || id, 'Framed-Pool', ':=', pool FROM services WHERE pool <> ''`,
  `CREATE VIEW nas AS
     SELECT id, address AS nasname, name AS shortname, type, ports, panel_open(secret_sealed) AS secret,
            NULL::text AS server, NULL::text AS community, name AS description
       FROM nas_devices`,
] as const;

export const panelMigration: Migration = {
  async up(db) {
    await runStatements(db, ...TABLES, ...RESELLER_COUNTS, OPEN_SEALED, ...ACCOUNTING, ...VIEWS);
    await runStatements(db, 'REVOKE ALL ON FUNCTION panel_open(bytea) FROM public');
  },
};
