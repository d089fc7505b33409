import { InvalidArgumentError } from 'commander';

/** Of an option: what an integer column holds, from 1. */
export function wholeNumber(text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < 1 || value > 100_000_000) {
    throw new InvalidArgumentError('It must be a whole number from 1 to 100000000.');
  }
  return value;
}
