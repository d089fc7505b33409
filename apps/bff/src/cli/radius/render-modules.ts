/** FreeRADIUS' modules: how a password is checked, what is read, where accounting is kept until it is written. */
import { localService, mainService } from './render-service-file.ts';
import { knownForSeconds, spoolNames, type RadiusSettings } from './radius-settings.ts';

const tables = `	acct_table1 = "radacct"
	acct_table2 = "radacct"
	postauth_table = "radpostauth"
	authcheck_table = "radcheck"
	groupcheck_table = "radgroupcheck"
	authreply_table = "radreply"
	groupreply_table = "radgroupreply"
	usergroup_table = "radusergroup"
	client_table = "nas"
	group_membership_query = "SELECT groupname FROM radusergroup WHERE username = '%{SQL-User-Name}' ORDER BY priority"`;

/** `start = 0`: FreeRADIUS starts, and answers again by itself, whether or not the database is there. */
const pool = (max: number, lifetimeSeconds: number) => `	pool {
		start = 0
		min = 0
		max = ${String(max)}
		spare = ${String(Math.min(max, 4))}
		uses = 0
		retry_delay = 1
		lifetime = ${String(lifetimeSeconds)}
		idle_timeout = 60
		connect_timeout = 3.0
	}`;

const passwordModules = `pap {
	normalise = no
}

chap {
}

mschap {
	use_mppe = yes
	with_ntdomain_hack = no
}

expr {
}

always ok {
	rcode = ok
}

always fail {
	rcode = fail
}

always handled {
	rcode = handled
}

# The secret of each router that has asked, for as long as FreeRADIUS runs.
cache known_routers {
	driver = "rlm_cache_rbtree"
	key = "%{%{Packet-Src-IP-Address}:-%{Packet-Src-IPv6-Address}}"
	ttl = ${String(knownForSeconds)}
	max_entries = 65536
	add_stats = no
	update {
		&control:Tmp-String-0 := &control:Tmp-String-0
	}
}

attr_filter attr_filter.access_reject {
	key = "%{User-Name}"
	filename = \${confdir}/rejected-attributes
}
`;

/** Instances: `sql` reads this server's database, `sql_main` writes to main's; a spool each. */
export function renderModules(settings: RadiusSettings): string {
  return [passwordModules, databaseModules(), ...spoolNames.map((name) => spool(settings, name))].join('\n');
}

function databaseModules(): string {
  return `# Authentication. Nothing is ever written through it: on a secondary this database is in recovery.
sql {
	driver = "rlm_sql_postgresql"
	dialect = "postgresql"
	radius_db = "service=${localService}"
	postgresql {
		send_application_name = yes
		application_name = "proxpanel-radius"
	}
${tables}
	read_groups = yes
	read_profiles = no
	read_clients = no
	delete_stale_sessions = no
	auto_escape = yes
	sql_user_name = "%{User-Name}"
	group_attribute = "SQL-Group"
	authorize_check_query = "SELECT id, username, attribute, value, op FROM radcheck WHERE username = '%{SQL-User-Name}' ORDER BY id"
	authorize_reply_query = "SELECT id, username, attribute, value, op FROM radreply WHERE username = '%{SQL-User-Name}' ORDER BY id"
	authorize_group_check_query = "SELECT id, groupname, attribute, value, op FROM radgroupcheck WHERE groupname = '%{SQL-Group}' ORDER BY id"
	authorize_group_reply_query = "SELECT id, groupname, attribute, value, op FROM radgroupreply WHERE groupname = '%{SQL-Group}' ORDER BY id"
${pool(16, 0)}
}

# Accounting, at the database that takes writes now. A connection does not outlive a minute: one to a server that has
# become a secondary under it, without being cut, would else be asked for ever.
sql sql_main {
	driver = "rlm_sql_postgresql"
	dialect = "postgresql"
	radius_db = "service=${mainService}"
	postgresql {
		send_application_name = yes
		application_name = "proxpanel-radius-accounting"
	}
${tables}
	read_groups = no
	read_profiles = no
	read_clients = no
	delete_stale_sessions = no
	auto_escape = yes
	sql_user_name = "%{User-Name}"
	group_attribute = "SQL-Main-Group"
	$INCLUDE queries.conf
${pool(spoolNames.length, 60)}
}
`;
}

/** `locking`: its reader takes the file away while it is written to. */
function spool({ spoolDirectory }: RadiusSettings, name: string): string {
  return `detail spool_${name} {
	filename = "${spoolDirectory}/${name}/detail"
	permissions = 0600
	header = "%t"
	locking = yes
	escape_filenames = no
}
`;
}
