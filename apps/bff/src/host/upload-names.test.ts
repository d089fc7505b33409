import { uploadSchema, uploadsSchema, type Upload } from '@proxpanel/contracts/uploads';
import { expect, test } from 'vitest';
import { isOurs, partName, pictureName } from './upload-names.ts';

const sha256 = 'a1'.repeat(32);
const logo: Upload = {
  kind: 'logo',
  media_type: 'image/jpeg',
  size_bytes: 12,
  sha256,
  uploaded_at: '2026-11-22T03:00:00.000Z',
};

test('a picture is called by its kind, its content and its type, and what a pull has of it by its content', () => {
  expect(pictureName(logo)).toBe(`logo-${sha256}.jpg`);
  expect(pictureName({ ...logo, kind: 'login_background', media_type: 'image/webp' })).toBe(
    `login_background-${sha256}.webp`,
  );
  expect(partName(logo)).toBe(`.${sha256}.part`);
});

test('only what this module names is ours to remove', () => {
  expect([pictureName(logo), partName(logo)].map(isOurs)).toEqual([true, true]);
  const foreign = [
    'uploads.json',
    'logo.png',
    `logo-${sha256}.svg`,
    `logo-${sha256}.png.bak`,
    `../logo-${sha256}.png`,
    `logo-${sha256.slice(1)}.png`,
    `invoice-${sha256}.png`,
    '.htaccess',
  ];
  expect(foreign.filter(isOurs)).toEqual([]);
});

test('a list of a hostile main names no path, no other type, nothing too large, and each kind once', () => {
  const bad: Record<string, unknown>[] = [
    { kind: '../../etc/cron.d/x' },
    { kind: 'logo/../x' },
    { sha256: '../../../etc/passwd' },
    { sha256: sha256.toUpperCase() },
    { media_type: 'image/svg+xml' },
    { size_bytes: 10 * 1024 ** 3 },
    { size_bytes: -1 },
    { size_bytes: 0 },
  ];
  for (const change of bad)
    expect([change, uploadSchema.safeParse({ ...logo, ...change }).success]).toEqual([change, false]);
  expect(uploadsSchema.safeParse([logo]).success).toBe(true);
  expect(uploadsSchema.safeParse([logo, logo]).success).toBe(false);
  expect(uploadsSchema.safeParse(Array.from({ length: 10_000 }, () => logo)).success).toBe(false);
});
