/** How each setting of the cluster is shown and typed (DESIGN §3). On the wire all times are milliseconds. */
import { defaultClusterSettings, type ClusterSettings } from '@proxpanel/contracts/settings';

export type SettingName = keyof ClusterSettings;
/** `seconds` are typed as seconds and sent as ms; an empty field of an `optional` one is null. */
export type SettingKind = 'seconds' | 'optional_seconds' | 'optional_bytes' | 'switch' | 'durability';

export interface SettingField {
  name: SettingName;
  label: string;
  hint: string;
  kind: SettingKind;
}

interface SettingGroup {
  title: string;
  fields: readonly SettingField[];
}

export const settingGroups: readonly SettingGroup[] = [
  {
    title: 'Hearing of each other',
    fields: [
      {
        name: 'heartbeat_interval_ms',
        label: 'Heartbeat every (seconds)',
        hint: 'How often a secondary reports to the main server.',
        kind: 'seconds',
      },
      {
        name: 'probe_interval_ms',
        label: 'Probe every (seconds)',
        hint: 'How often servers ask each other whether they are well.',
        kind: 'seconds',
      },
      {
        name: 'late_after_ms',
        label: 'Late after (seconds)',
        hint: 'A server not heard of for so long is shown as late.',
        kind: 'seconds',
      },
      {
        name: 'offline_after_ms',
        label: 'Offline after (seconds)',
        hint: 'A server not heard of for so long is shown as offline.',
        kind: 'seconds',
      },
    ],
  },
  {
    title: 'Automatic failover',
    fields: [
      {
        name: 'auto_failover',
        label: 'Automatic failover',
        hint: 'A secondary promotes itself when the main server is lost.',
        kind: 'switch',
      },
      {
        name: 'failover_after_ms',
        label: 'Failover after (seconds)',
        hint: 'How long the main server must be silent on every path. With an arbiter its lease decides instead.',
        kind: 'seconds',
      },
      {
        name: 'db_down_after_ms',
        label: 'Database down after (seconds)',
        hint: 'How long the main server’s PostgreSQL may be away before that server hands over.',
        kind: 'seconds',
      },
      {
        name: 'max_failover_lag_bytes',
        label: 'Largest lag for a failover (bytes)',
        hint: 'A secondary that lacks more does not promote itself. Empty: no limit; over 30 s of lag only warns.',
        kind: 'optional_bytes',
      },
      {
        name: 'self_promote_after_ms',
        label: 'Returned main takes writes again after (seconds)',
        hint: 'Without an arbiter and with automatic failover off, when no other server answers. Empty: never by itself.',
        kind: 'optional_seconds',
      },
    ],
  },
  {
    title: 'Durability',
    fields: [
      {
        name: 'durability',
        label: 'Durability',
        hint: 'sync: a commit waits until a secondary has it too. When none is left, writes wait: with an arbiter for seconds, without one until you allow async.',
        kind: 'durability',
      },
    ],
  },
];

export const settingFields: readonly SettingField[] = settingGroups.flatMap((group) => group.fields);

/** The value as it is typed. */
export function typedValue(field: SettingField, settings: ClusterSettings): string {
  const value = settings[field.name];
  if (value === null) return '';
  if (typeof value === 'number' && field.kind !== 'optional_bytes') return String(value / 1_000);
  return String(value);
}

/** The value as it is sent; a text that is no number becomes NaN, which the schema refuses. */
export function wireValue(field: SettingField, typed: string): number | boolean | string | null {
  const text = typed.trim();
  switch (field.kind) {
    case 'switch':
      return text === 'true';
    case 'durability':
      return text;
    case 'seconds':
      return text === '' ? Number.NaN : Math.round(Number(text) * 1_000);
    case 'optional_seconds':
      return text === '' ? null : Math.round(Number(text) * 1_000);
    case 'optional_bytes':
      return text === '' ? null : Number(text);
  }
}

/** The value as it is read: with its unit, "no limit" and "never" for null. */
export function shownValue(field: SettingField, settings: ClusterSettings): string {
  const value = settings[field.name];
  if (value === null) return field.name === 'max_failover_lag_bytes' ? 'no limit' : 'never';
  if (typeof value === 'boolean') return value ? 'on' : 'off';
  if (typeof value === 'string') return value;
  return field.kind === 'optional_bytes' ? `${value.toLocaleString('en')} bytes` : `${String(value / 1_000)} s`;
}

/** What it means and what it is unless changed. */
export function hintWithDefault(field: SettingField): string {
  return `${field.hint} Default: ${shownValue(field, defaultClusterSettings)}.`;
}
