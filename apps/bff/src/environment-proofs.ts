/** What both servers of a cluster need in their environment, in a form that shows no value (DESIGN §11, parity). */
import type { Environment } from './environment.ts';

/**
 * '' where a variable is absent, `set` where the values may differ, and else what `prove` makes of the value. The name is
 * part of what is proved, so that two variables of one value do not look alike.
 */
export function proveEnvironment(
  environment: Pick<Environment, 'panelEncryptionKey' | 'arbiter' | 'tls'>,
  postgresControlKnown: boolean,
  prove: (text: string) => string,
): Record<string, string> {
  const { panelEncryptionKey, arbiter, tls } = environment;
  const proof = (name: string, value: string | null | undefined): string =>
    value == null ? '' : prove(`${name}=${value}`);
  const presence = (isSet: boolean): string => (isSet ? 'set' : '');
  return {
    PANEL_ENCRYPTION_KEY: proof('PANEL_ENCRYPTION_KEY', panelEncryptionKey),
    // The same endpoints in another order are the same arbiter.
    ARBITER_URL: proof('ARBITER_URL', arbiter?.urls.toSorted().join(',')),
    ARBITER_USERNAME: presence(arbiter?.username != null),
    ARBITER_CA_PATH: presence(arbiter?.caPath != null),
    TLS_CERT_PATH: presence(tls !== null),
    POSTGRES_CONTROL: presence(postgresControlKnown),
  };
}
