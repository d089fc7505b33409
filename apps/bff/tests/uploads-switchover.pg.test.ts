/** A planned change of main loses nothing, pictures neither: not even one that was put up a moment before (DESIGN §8, §11). */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { noisePng } from '../src/panel/testing/png.ts';
import {
  askToSwitch,
  makePair,
  panelOf,
  waitForOperation,
  waitUntilSettled,
  type Pair,
} from './support/switchovers.ts';
import { putPicture, sha256Of, shownHash, waitForPicture } from './support/uploads.ts';

let pair: Pair;

beforeAll(async () => {
  // So seldom that the secondary does not hear of a new picture by itself before the change.
  pair = await makePair({ PROBE_INTERVAL_MS: '10000' });
}, 240_000);

afterAll(() => pair.testbed.dispose());

test('a picture put up right before a switchover is on the new main, and the old one pulls from it', async () => {
  const { main, secondary } = await waitUntilSettled(pair);
  const logo = noisePng(700, 700);
  await putPicture(panelOf(pair, main), 'logo', logo);
  const id = await askToSwitch(pair, main);
  expect((await waitForOperation(pair, secondary, id)).state).toBe('completed');
  expect(await shownHash(secondary, 'logo')).toBe(sha256Of(logo));
  const background = noisePng(50, 50);
  await waitUntilSettled(pair);
  await putPicture(panelOf(pair, secondary), 'login_background', background);
  await waitForPicture(main, 'login_background', background);
  expect(await shownHash(main, 'logo')).toBe(sha256Of(logo));
});
