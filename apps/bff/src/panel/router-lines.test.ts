import { expect, test } from 'vitest';
import { routerLine, routerScript } from './router-lines.ts';

const router = (name: string, type: 'mikrotik' | 'cisco' | 'juniper' | 'other' = 'mikrotik') => ({
  name,
  address: '10.0.0.9',
  type,
});

test('a MikroTik gets the line of the manual, with the address of the server that is main', () => {
  expect(routerLine(router('Edge'), '10.0.0.2')).toBe('/radius set [find] address=10.0.0.2');
  expect(routerLine(router('Edge'), '2001:db8::1')).toBe('/radius set [find] address=2001:db8::1');
  expect(routerLine(router('Edge'), 'main.isp.example')).toBe('/radius set [find] address=main.isp.example');
});

test('an address that RouterOS would read otherwise stands between quotes', () => {
  expect(routerLine(router('Edge'), 'a";/system/reset;"')).toBe('/radius set [find] address="a\\";/system/reset;\\""');
  expect(routerLine(router('Edge'), '$x\\?[y]')).toBe('/radius set [find] address="\\$x\\\\\\?[y]"');
  expect(routerLine(router('Edge'), 'x\n/system reset')).not.toContain('\n');
});

test('another kind of router gets one sentence that runs nowhere', () => {
  for (const type of ['cisco', 'juniper', 'other'] as const) {
    expect(routerLine(router('Core', type), '10.0.0.2')).toBe(
      '# Core (10.0.0.9) is no MikroTik router: set the address of its RADIUS server to 10.0.0.2 there.',
    );
  }
});

test('the script names each router before its line, and no name can end its comment', () => {
  const names = ['Edge "1"', 'x; /system reset', 'ends in \\', 'two\nlines\u2028three\rfour'];
  const script = routerScript([...names.map((name) => router(name)), router('Core', 'cisco')], '10.0.0.2');
  const lines = script.split(/[\n\r\u2028]/);
  expect(lines).toEqual([
    '# Points the routers to the RADIUS server at 10.0.0.2.',
    ...['Edge "1"', 'x; /system reset', 'ends in \\', 'two lines three four'].flatMap((name) => [
      `# ${name} (10.0.0.9)`,
      '/radius set [find] address=10.0.0.2',
    ]),
    routerLine(router('Core', 'cisco'), '10.0.0.2'),
    '',
  ]);
  expect(routerScript([], '10.0.0.2').split('\n')).toHaveLength(2);
});
