/** FreeRADIUS' virtual servers: what routers ask, who is a router, and how the spool is emptied. */
import { accountedTypes, knownForSeconds, spoolNames, type RadiusSettings } from './radius-settings.ts';

/** For how long a router's secret is remembered: a change in the panel holds after this at the latest. */
const clientLifetimeSeconds = 60;

export function renderServers(settings: RadiusSettings): string {
  const families = settings.hasIpv6 ? (['ipv4', 'ipv6'] as const) : (['ipv4'] as const);
  return [
    ...families.map(client),
    clientServer,
    routerServer(settings, families),
    ...spoolNames.map((name) => replayServer(settings, name)),
  ].join('\n');
}

/** Routers are looked up when they first ask: a new one is known at once, and a database that is away stops no start. */
function client(family: 'ipv4' | 'ipv6'): string {
  const everywhere = family === 'ipv4' ? 'ipv4addr = 0.0.0.0/0' : 'ipv6addr = ::/0';
  return `client any_${family} {
	${everywhere}
	dynamic_clients = proxpanel_clients
	lifetime = ${String(clientLifetimeSeconds)}
	rate_limit = no
}
`;
}

const sourceAddress = '%{%{Packet-Src-IP-Address}:-%{Packet-Src-IPv6-Address}}';

/** No secret is as short. Said for an address that the panel does not know; a database that is away says nothing at all. */
const unknown = 'none';

const narrowest = `SELECT secret FROM nas WHERE nasname::inet >>= '${sourceAddress}'::inet ORDER BY masklen(nasname::inet) DESC LIMIT 1`;

/**
 * The narrowest device or network of the panel that this address is in; an unknown address is not answered. While the
 * database is away what was known last counts: its routers' accounting goes to the spool all the same.
 */
const clientServer = `server proxpanel_clients {
	authorize {
		update control {
			&Tmp-String-0 := "%{sql:SELECT coalesce((${narrowest}), '${unknown}')}"
		}
		if (&control:Tmp-String-0 == "") {
			update control {
				&Tmp-String-0 := "${unknown}"
				&Cache-Read-Only := yes
			}
			known_routers
		}
		elsif (&control:Tmp-String-0 == "${unknown}") {
			update control {
				&Cache-TTL := 0
			}
			known_routers
		}
		else {
			# Below zero: what was kept is replaced.
			update control {
				&Cache-TTL := -${String(knownForSeconds)}
			}
			known_routers
		}
		if (&control:Tmp-String-0 != "${unknown}") {
			update control {
				&FreeRADIUS-Client-Secret := &control:Tmp-String-0
				&FreeRADIUS-Client-Shortname := "${sourceAddress}"
				&FreeRADIUS-Client-NAS-Type := "other"
			}
			if ("%{Packet-Src-IPv6-Address}" != "") {
				update control {
					&FreeRADIUS-Client-IPv6-Address := "%{Packet-Src-IPv6-Address}"
				}
			}
			else {
				update control {
					&FreeRADIUS-Client-IP-Address := "%{Packet-Src-IP-Address}"
				}
			}
			ok
		}
	}
}
`;

const completeRecord = `	# What is only known now is added now: the record is replayed later, and perhaps from another clock's view.
	preacct {
		if (!&NAS-IP-Address && !&NAS-IPv6-Address) {
			if ("%{Packet-Src-IPv6-Address}" != "") {
				update request {
					&NAS-IPv6-Address := "%{Packet-Src-IPv6-Address}"
				}
			}
			else {
				update request {
					&NAS-IP-Address := "%{Packet-Src-IP-Address}"
				}
			}
		}
		# A router without a set clock says 1970.
		if (!&Event-Timestamp || ("%{expr:%l - %{integer:Event-Timestamp}}" > 86400) || ("%{expr:%{integer:Event-Timestamp} - %l}" > 86400)) {
			update request {
				&Event-Timestamp := "%{expr:%l - %{%{Acct-Delay-Time}:-0}}"
			}
		}
		update request {
			&Acct-Unique-Session-Id := "%{md5:%{User-Name},%{Acct-Session-Id},%{%{NAS-IPv6-Address}:-%{NAS-IP-Address}},%{NAS-Identifier},%{NAS-Port-Id},%{NAS-Port}}"
		}
	}
`;

function routerServer(settings: RadiusSettings, families: readonly ('ipv4' | 'ipv6')[]): string {
  const listen = (type: 'auth' | 'acct', port: number) =>
    families
      .map((family) => {
        const everywhere = family === 'ipv4' ? 'ipv4addr = *' : 'ipv6addr = ::';
        return `	listen {\n		type = ${type}\n		${everywhere}\n		port = ${String(port)}\n	}`;
      })
      .join('\n');
  return `server proxpanel {
${listen('auth', settings.authenticationPort)}
${listen('acct', settings.accountingPort)}

	authorize {
		chap
		mschap
		sql {
			fail = 1
		}
		# Silence, and no reject: the router asks its other RADIUS server, and its subscribers stay.
		if (fail) {
			update control {
				&Response-Packet-Type := Do-Not-Respond
			}
			handled
		}
		pap
	}

	authenticate {
		Auth-Type PAP {
			pap
		}
		Auth-Type CHAP {
			chap
		}
		Auth-Type MS-CHAP {
			mschap
		}
	}

	post-auth {
		Post-Auth-Type REJECT {
			attr_filter.access_reject
		}
	}

${completeRecord}
	# On disk first, then answered. A full disk is not answered, and the router repeats.
	accounting {
${chooseSpool()}
	}
}
`;
}

function chooseSpool(): string {
  const digits = ['[0-3]', '[4-7]', '[89ab]', '[c-f]'];
  return spoolNames
    .map((name, index) => {
      const last = index === spoolNames.length - 1;
      const condition = last
        ? 'else'
        : `${index === 0 ? 'if' : 'elsif'} (&Acct-Unique-Session-Id =~ /^${digits[index] ?? ''}/)`;
      return `		${condition} {\n			spool_${name}\n		}`;
    })
    .join('\n');
}

/**
 * A record stays on the spool until main's database has taken it. Whatever goes wrong (main away, read-only, out of
 * connections, a deadlock) comes to the same: no answer to the reader, which asks again.
 */
function replayServer({ spoolDirectory }: RadiusSettings, name: string): string {
  return `server proxpanel_replay_${name} {
	listen {
		type = detail
		filename = "${spoolDirectory}/${name}/detail"
		load_factor = 100
		poll_interval = 1
		retry_interval = 5
		track = yes
	}

	accounting {
		if (${accountedTypes.map((type) => `&Acct-Status-Type == ${type}`).join(' || ')}) {
			# A statement that PostgreSQL has refused is "noop" here, and that alone would count as done.
			sql_main {
				fail = 1
				invalid = 1
				noop = 1
			}
			if (!ok) {
				fail
			}
		}
		else {
			ok
		}
	}
}
`;
}
