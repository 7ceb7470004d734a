/** A number from 0 up to, but not including, 1. */
export type Random = () => number;

/** The first wait is at most this: a lost connection mostly comes back at once. */
const FIRST_MS = 600;
const LONGEST_MS = 20_000;

/**
 * How long to wait before the next attempt, after `failures` that failed in a row before this one.
 * Half of it is random, so that clients that lost the same gateway don't come back together.
 */
export function backoff(failures: number, random: Random): number {
  const ceiling = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(failures, 16));
  return Math.round(ceiling / 2 + (random() * ceiling) / 2);
}

/** A wait between `least` and `most` ms. */
export function between(least: number, most: number, random: Random): number {
  return Math.round(least + random() * (most - least));
}
