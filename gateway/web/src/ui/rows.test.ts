import { describe, expect, it } from 'vitest';
import { partsOf, rangeOf, rowAt, RowHeights, rowsBetween, THE_END } from './rows.ts';

const keys = (count: number, from = 0): string[] => Array.from({ length: count }, (_, index) => `k${from + index}`);

describe('heights', () => {
  it('are as they were seen, and otherwise as they mostly are', () => {
    const heights = new RowHeights();
    expect(heights.tops(['k0', 'k1'])).toEqual([0, 48, 96]);
    heights.set('k0', 20);
    heights.set('k1', 40);
    expect(heights.tops(keys(3))).toEqual([0, 20, 60, 90]);
    heights.set('k1', 60);
    expect(heights.tops(keys(3))).toEqual([0, 20, 80, 120]);
    heights.clear();
    expect(heights.tops(['k0'])).toEqual([0, 48]);
  });

  it('of rows that are long gone are forgotten', () => {
    const heights = new RowHeights();
    for (const key of keys(1_000)) heights.set(key, 1_000);
    heights.set('k1000', 10);
    // The others do not weigh on the guess any more.
    expect(heights.tops(keys(2, 1_000))).toEqual([0, 10, 20]);
  });
});

describe('rows in sight', () => {
  const tops = [0, 10, 30, 60, 100];

  it('are found by place', () => {
    expect([-5, 0, 9, 10, 29, 30, 99, 500].map((place) => rowAt(tops, place))).toEqual([0, 0, 0, 1, 1, 2, 3, 3]);
    expect(rowsBetween(tops, 12, 61)).toEqual({ from: 1, to: 4 });
    expect(rowsBetween([0], 0, 100)).toEqual({ from: 0, to: 0 });
  });

  it('stay the same while others come and go', () => {
    expect(rangeOf(keys(100), THE_END, 40)).toEqual({ from: 60, to: 100 });
    expect(rangeOf(keys(10), THE_END, 40)).toEqual({ from: 0, to: 10 });
    const shown = { first: 'k20', last: 'k29' };
    expect(rangeOf(keys(100), shown, 40)).toEqual({ from: 20, to: 30 });
    expect(rangeOf(keys(100, 10), shown, 40)).toEqual({ from: 10, to: 20 });
    expect(rangeOf(keys(100), { first: 'k90', last: null }, 40)).toEqual({ from: 90, to: 100 });
  });

  it('are near where they were when one of their keys is gone', () => {
    expect(rangeOf(keys(100), { first: 'k20', last: 'gone' }, 40)).toEqual({ from: 20, to: 60 });
    expect(rangeOf(keys(100), { first: 'gone', last: 'k59' }, 40)).toEqual({ from: 20, to: 60 });
    expect(rangeOf(keys(100), { first: 'gone', last: 'gone too' }, 40)).toEqual({ from: 60, to: 100 });
  });
});

describe('the parts of a list', () => {
  const shape = (count: number, from: number, to: number, pinned = -1): string[] =>
    partsOf(count, { from, to }, pinned).map((part) => `${part.isGap ? 'gap' : 'rows'} ${part.from}-${part.to}`);

  it('are gaps around what is drawn', () => {
    expect(shape(10, 3, 6)).toEqual(['gap 0-3', 'rows 3-6', 'gap 6-10']);
    expect(shape(10, 0, 10)).toEqual(['rows 0-10']);
  });

  it('keep a row that has the focus, wherever it is', () => {
    expect(shape(10, 4, 6, 1)).toEqual(['gap 0-1', 'rows 1-2', 'gap 2-4', 'rows 4-6', 'gap 6-10']);
    expect(shape(10, 4, 6, 8)).toEqual(['gap 0-4', 'rows 4-6', 'gap 6-8', 'rows 8-9', 'gap 9-10']);
    expect(shape(10, 4, 6, 5)).toEqual(['gap 0-4', 'rows 4-6', 'gap 6-10']);
    expect(shape(10, 4, 6, 3)).toEqual(['gap 0-3', 'rows 3-4', 'rows 4-6', 'gap 6-10']);
  });
});
