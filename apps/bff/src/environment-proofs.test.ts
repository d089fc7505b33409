import { expect, test } from 'vitest';
import { proveEnvironment } from './environment-proofs.ts';
import { createSeal } from './peer/seal.ts';

const arbiter = {
  urls: ['http://10.0.0.9:2379', 'http://10.0.0.8:2379'],
  username: null,
  password: null,
  caPath: null,
};
const environment = { panelEncryptionKey: 'a0'.repeat(32), arbiter, tls: null };
const secret = 'c1'.repeat(32);

function proofs(changes: Partial<typeof environment> | { panelEncryptionKey: null }, with_ = secret) {
  return proveEnvironment({ ...environment, ...changes }, true, (text) => createSeal().prove(with_, text));
}

test('equal values have equal proofs, other values and other secrets have others, and no proof shows its value', () => {
  const ours = proofs({});
  expect(proofs({})).toEqual(ours);
  expect(proofs({}, 'c2'.repeat(32)).PANEL_ENCRYPTION_KEY).not.toBe(ours.PANEL_ENCRYPTION_KEY);
  expect(proofs({ panelEncryptionKey: 'a1'.repeat(32) }).PANEL_ENCRYPTION_KEY).not.toBe(ours.PANEL_ENCRYPTION_KEY);
  expect(JSON.stringify(ours)).not.toMatch(/a0a0a0|10\.0\.0/);
});

test('what is absent is told apart from what is empty of meaning, and what may differ is told by its presence alone', () => {
  expect(proofs({ panelEncryptionKey: null })).toMatchObject({
    PANEL_ENCRYPTION_KEY: '',
    ARBITER_USERNAME: '',
    TLS_CERT_PATH: '',
    POSTGRES_CONTROL: 'set',
  });
});

test('the same endpoints of an arbiter in another order are the same arbiter', () => {
  const turned = { ...arbiter, urls: arbiter.urls.toReversed() };
  expect(proofs({ arbiter: turned }).ARBITER_URL).toBe(proofs({}).ARBITER_URL);
});
