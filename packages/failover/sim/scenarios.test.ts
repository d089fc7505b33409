import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { SCENARIOS } from './scenarios.ts';
import { writeTranscript } from './write-transcript.ts';

const folder = path.resolve(import.meta.dirname, '../scenarios');

test.each(SCENARIOS)('scenario $name: $title', ({ name, ...scenario }) => {
  const transcript = writeTranscript({ name, ...scenario });
  expect(transcript).not.toContain('BROKEN');
  // Changed on purpose: pnpm sim --scenarios, and read the difference.
  expect(transcript).toBe(readFileSync(path.join(folder, `${name}.txt`), 'utf8'));
});

test('there is no transcript without a script', () => {
  expect(readdirSync(folder).sort()).toEqual(SCENARIOS.map(({ name }) => `${name}.txt`).sort());
});
