import { expect, test } from 'vitest';
import { PASSWORDS, startTestApp } from './test-app.ts';

test('passwords, tokens, cookies and bodies never reach the log, at any level', async () => {
  const { url, app, ask, signIn, logLines } = await startTestApp({ logLevel: 'trace' });
  const token = await signIn('admin');
  const secrets = {
    password: 'guessed-Passw0rd',
    secret: 'f00d'.repeat(16),
    peer: 'cluster-token-0815',
    auth: 'AUTH-argument',
  };
  app.register('testConnection', async () => {
    throw Object.assign(new Error('NOAUTH'), { command: { name: 'auth', args: [secrets.auth] }, input: secrets.auth });
  });
  app.register('farewell', async () => ({ ok: true }));
  await ask('POST', '/api/auth/login', { body: { username: 'admin', password: secrets.password } });
  await ask('GET', '/api/auth/me', { headers: { cookie: `proxpanel_session_${new URL(url).port}=${token}` } });
  await ask('POST', '/api/cluster/test-connection', {
    token,
    body: { main_address: '10.0.0.1', cluster_secret: secrets.secret },
  });
  await ask('POST', '/api/cluster/farewell', { body: { node_id: 2 }, headers: { 'x-cluster-token': secrets.peer } });
  await ask('POST', '/api/auth/logout', { token });

  const log = logLines.join('');
  const paths = ['/api/auth/login', '/api/auth/me', '/api/cluster/test-connection', '/api/cluster/farewell'];
  for (const path of paths) expect(log).toContain(path);
  expect(log).toContain('NOAUTH');
  const tokenParts = token.split('.').slice(1);
  for (const secret of [...Object.values(secrets), ...tokenParts, PASSWORDS.admin]) expect(log).not.toContain(secret);
});

test('at the usual level a poll leaves no line, a change and a refusal leave one each', async () => {
  const { ask, signIn, logLines } = await startTestApp();
  const token = await signIn('admin');
  logLines.length = 0;
  await ask('GET', '/api/auth/me', { token });
  await ask('GET', '/health');
  await ask('GET', '/primary');
  expect(logLines).toEqual([]);
  await ask('POST', '/api/subscribers', { token, body: { username: 'ann' } });
  await ask('GET', '/api/auth/me');
  expect(logLines.map((line) => JSON.parse(line)).map(({ req, res }) => [req.method, req.path, res.status])).toEqual([
    ['POST', '/api/subscribers', 201],
    ['GET', '/api/auth/me', 401],
  ]);
});
