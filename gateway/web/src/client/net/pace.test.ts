import { expect, it } from 'vitest';
import { Pace } from './pace.ts';
import { FakeClock } from './testing/fakes.ts';

it('lets a burst happen, then one thing each interval', () => {
  const clock = new FakeClock();
  const pace = new Pace(clock, 3, 100);
  expect([1, 2, 3, 4].map(() => pace.take())).toEqual([0, 0, 0, 100]);
  clock.advance(99);
  expect(pace.take()).toBe(1);
  clock.advance(1);
  expect([pace.take(), pace.take()]).toEqual([0, 100]);
  clock.advance(200);
  expect([pace.take(), pace.take(), pace.take()]).toEqual([0, 0, 100]);
  pace.reset();
  expect([1, 2, 3, 4].map(() => pace.take())).toEqual([0, 0, 0, 100]);
});
