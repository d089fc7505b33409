/** The statements that bring what routers account into `radacct`. */

const when = '%{%{integer:Event-Timestamp}:-%l}';
const sessionSeconds = '%{%{Acct-Session-Time}:-0}';
/** Up to 2^53 - 1: a router that is out of its mind must not make a number that no later sum can hold. */
const octets = (way: 'Input' | 'Output') =>
  `(('%{%{Acct-${way}-Gigawords}:-0}'::bigint & 2097151) << 32) + '%{%{Acct-${way}-Octets}:-0}'::bigint`;
const text = (attribute: string) => `nullif('%{${attribute}}', '')`;
const address = (attribute: string) => `nullif('%{${attribute}}', '')::inet`;

type Kind = 'start' | 'interim-update' | 'stop';

/** Column → what one record says of it. */
function columnsOf(kind: Kind): Record<string, string> {
  return {
    acctsessionid: `'%{Acct-Session-Id}'`,
    acctuniqueid: `'%{Acct-Unique-Session-Id}'`,
    username: `'%{User-Name}'`,
    realm: text('Realm'),
    nasipaddress: `'%{%{NAS-IPv6-Address}:-%{NAS-IP-Address}}'`,
    nasportid: text('%{NAS-Port-Id}:-%{NAS-Port}'),
    nasporttype: text('NAS-Port-Type'),
    acctstarttime: `to_timestamp(${when} - ${sessionSeconds})`,
    acctupdatetime: `to_timestamp(${when})`,
    acctstoptime: kind === 'stop' ? `to_timestamp(${when})` : 'NULL',
    acctsessiontime: sessionSeconds,
    acctauthentic: text('Acct-Authentic'),
    connectinfo_start: kind === 'start' ? text('Connect-Info') : 'NULL',
    connectinfo_stop: kind === 'stop' ? text('Connect-Info') : 'NULL',
    acctinputoctets: octets('Input'),
    acctoutputoctets: octets('Output'),
    calledstationid: text('Called-Station-Id'),
    callingstationid: text('Calling-Station-Id'),
    acctterminatecause: kind === 'stop' ? text('Acct-Terminate-Cause') : 'NULL',
    servicetype: text('Service-Type'),
    framedprotocol: text('Framed-Protocol'),
    framedipaddress: address('Framed-IP-Address'),
    framedipv6address: address('Framed-IPv6-Address'),
    framedipv6prefix: address('Framed-IPv6-Prefix'),
    framedinterfaceid: text('Framed-Interface-Id'),
    delegatedipv6prefix: address('Delegated-IPv6-Prefix'),
    class: text('Class'),
  };
}

/** Column → how a record is laid over what is there: each of these gives the same whatever comes first, and if it comes twice. */
const merging: Readonly<Record<string, 'least' | 'greatest' | 'first' | 'newest'>> = {
  acctstarttime: 'least',
  acctupdatetime: 'greatest',
  acctstoptime: 'first',
  acctsessiontime: 'greatest',
  acctinputoctets: 'greatest',
  acctoutputoctets: 'greatest',
  acctterminatecause: 'first',
  connectinfo_start: 'first',
  connectinfo_stop: 'first',
  framedipaddress: 'newest',
  framedipv6address: 'newest',
  framedipv6prefix: 'newest',
  framedinterfaceid: 'newest',
  delegatedipv6prefix: 'newest',
};

function merged(column: string): string {
  switch (merging[column]) {
    case 'least':
    case 'greatest':
      // Both leave out what is null.
      return `${column} = ${merging[column]}(radacct.${column}, excluded.${column})`;
    case 'newest':
      return `${column} = CASE WHEN excluded.acctupdatetime >= radacct.acctupdatetime THEN coalesce(excluded.${column}, radacct.${column}) ELSE coalesce(radacct.${column}, excluded.${column}) END`;
    default:
      return `${column} = coalesce(radacct.${column}, excluded.${column})`;
  }
}

function recordQuery(kind: Kind): string {
  const columns = columnsOf(kind);
  const changes = Object.keys(merging).map(merged);
  return [
    `INSERT INTO radacct (${Object.keys(columns).join(', ')})`,
    `VALUES (${Object.values(columns).join(', ')})`,
    `ON CONFLICT (acctuniqueid) DO UPDATE SET ${changes.join(', ')}`,
  ].join(' ');
}

/** A router that has started anew, or is about to: none of its sessions lives. A row in any case: none counts as a failure. */
const routerQuery = [
  'WITH ended AS (UPDATE radacct',
  `SET acctstoptime = to_timestamp(${when}), acctupdatetime = greatest(acctupdatetime, to_timestamp(${when})), acctterminatecause = 'NAS-Reboot'`,
  "WHERE acctstoptime IS NULL AND nasipaddress = '%{%{NAS-IPv6-Address}:-%{NAS-IP-Address}}'",
  `AND acctstarttime <= to_timestamp(${when}) RETURNING 1) SELECT count(*) FROM ended`,
].join(' ');

/**
 * The `accounting` section of the sql module. FreeRADIUS' shipped statements do not fit two servers that each replay a
 * spool: a late "interim" lowers the counters of a later one, a late "start" of a finished session changes when it began.
 * Here one row is what all of its records say together, in whatever order and however often they come.
 */
export function renderAccountingQueries(): string {
  const section = (name: string, query: string) => `\t\t${name} {\n\t\t\tquery = "${query}"\n\t\t}`;
  return `accounting {
	reference = "%{tolower:type.%{%{Acct-Status-Type}:-none}.query}"
	type {
${section('start', recordQuery('start'))}
${section('interim-update', recordQuery('interim-update'))}
${section('stop', recordQuery('stop'))}
${section('accounting-on', routerQuery)}
${section('accounting-off', routerQuery)}
	}
}
`;
}
