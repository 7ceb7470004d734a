import { describe, expect, it } from 'vitest';
import { backoff } from './backoff.ts';

describe('backoff', () => {
  it('doubles up to its longest, and half of it is chance', () => {
    const most = (): number => 0.999_999;
    const least = (): number => 0;
    expect([0, 1, 2, 3].map((failures) => backoff(failures, least))).toEqual([300, 600, 1200, 2400]);
    expect([0, 1, 2, 3].map((failures) => backoff(failures, most))).toEqual([600, 1200, 2400, 4800]);
    expect(backoff(40, most)).toBe(20_000);
    expect(backoff(4000, least)).toBe(10_000);
  });
});
