/** A whole configuration directory of FreeRADIUS 3.2 for this server. Pure. */
import { Fault } from '../../fault.ts';
import { renderAccountingQueries } from './render-queries.ts';
import { renderModules } from './render-modules.ts';
import { renderServers } from './render-servers.ts';
import { renderServiceFile } from './render-service-file.ts';
import type { ConfigurationFile, RadiusSettings } from './radius-settings.ts';

/** FreeRADIUS expands `$` and `%` in its file names, each in another place; a plain path needs no rules. */
const plainPath = /^(?:\/[A-Za-z0-9._-]+)+$/;

const heading = '# Written by `proxpanel-cluster radius`, which replaces it: change nothing here.\n';

/** @throws Fault INVALID_REQUEST for a path or a name that cannot be written into it. */
export function renderConfiguration(settings: RadiusSettings): ConfigurationFile[] {
  for (const path of [settings.directory, settings.spoolDirectory]) {
    if (!plainPath.test(path)) {
      throw new Fault(
        'INVALID_REQUEST',
        `FreeRADIUS is given no directory "${path}": let it be absolute and hold only letters, digits and . _ -`,
      );
    }
  }
  const file = (name: string, text: string): ConfigurationFile => ({ name, text: `${heading}\n${text}` });
  return [
    file('radiusd.conf', renderMain(settings)),
    file('modules.conf', renderModules(settings)),
    file('queries.conf', renderAccountingQueries()),
    file('servers.conf', renderServers(settings)),
    file(
      'rejected-attributes',
      'DEFAULT\n\tReply-Message =* ANY,\n\tMessage-Authenticator =* ANY,\n\tMS-CHAP-Error =* ANY\n',
    ),
    file('dictionary', "# All that is needed is in the dictionaries that FreeRADIUS ships, MikroTik's among them.\n"),
    { name: 'pg_service.conf', text: renderServiceFile(settings) },
  ];
}

function renderMain({ directory, spoolDirectory, account }: RadiusSettings): string {
  const identity = account === null ? '' : `\tuser = ${account}\n\tgroup = ${account}\n`;
  return `prefix = /usr
exec_prefix = /usr
sysconfdir = /etc
localstatedir = /var
sbindir = /usr/sbin
logdir = /var/log/freeradius
raddbdir = ${directory}
radacctdir = ${spoolDirectory}
confdir = \${raddbdir}
libdir = /usr/lib/freeradius
name = freeradius
run_dir = \${localstatedir}/run/\${name}
db_dir = \${raddbdir}
pidfile = \${run_dir}/\${name}.pid

max_request_time = 30
cleanup_delay = 5
max_requests = 16384
hostname_lookups = no
proxy_requests = no

log {
	destination = files
	file = \${logdir}/radius.log
	colourise = no
	auth = no
	auth_badpass = no
	auth_goodpass = no
}

# libpq finds its connections, and the secrets with them, in this file alone.
ENV {
	PGSERVICEFILE = "${directory}/pg_service.conf"
}

security {
${identity}	allow_core_dumps = no
	max_attributes = 200
	reject_delay = 1
	status_server = no
}

thread pool {
	start_servers = 4
	max_servers = 16
	min_spare_servers = 2
	max_spare_servers = 8
	max_requests_per_server = 0
	auto_limit_acct = no
}

modules {
	$INCLUDE modules.conf
}

instantiate {
}

$INCLUDE servers.conf
`;
}
