import { expect, test } from 'vitest';
import { changeTexts } from './change-text.ts';

test('each changed field is one line, with before and after', () => {
  const changes = {
    note: ['old', 'new'],
    service_id: [null, 3],
    is_active: [true, false],
    password: 'changed',
    username: 'ali',
    pool: '',
  };
  expect(changeTexts(changes)).toEqual([
    'Note: “old” → “new”',
    'Service id: nothing → 3',
    'Is active: yes → no',
    'Password: changed',
    'Username: ali',
    'Pool: ',
  ]);
});
