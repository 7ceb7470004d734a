import { describe, expect, it } from 'vitest';
import { messageIn } from '../client/net/testing/frames.ts';
import type { Message } from '../state/index.ts';
import { briefTime, dayName, itemsOf } from './grouping.ts';

function at(seq: number, time: Date, sender = 'ann'): Message {
  return messageIn('general', seq, { CreatedAt: time.toISOString(), SenderUUID: sender });
}

const noon = (day: number, minutes = 0): Date => new Date(2026, 10, day, 12, minutes);

function sketch(messages: Message[], marker: number | null = null, hasBefore = false): string[] {
  return itemsOf(messages, marker, hasBefore).map((item) =>
    item.kind === 'message' ? `${item.isFirst ? '[' : ''}${item.message.Seq}${item.isLast ? ']' : ''}` : item.kind,
  );
}

describe('a timeline', () => {
  it('groups what one sender says within five minutes', () => {
    const messages = [at(1, noon(1)), at(2, noon(1, 4)), at(3, noon(1, 9)), at(4, noon(1, 9), 'bob')];
    expect(sketch(messages)).toEqual(['day', '[1', '2]', '[3]', '[4]']);
  });

  it('separates days', () => {
    expect(sketch([at(1, noon(1)), at(2, noon(2)), at(3, noon(2, 1))])).toEqual(['day', '[1]', 'day', '[2', '3]']);
  });

  it('draws one line before the first new message', () => {
    const messages = [at(1, noon(1)), at(2, noon(1, 1)), at(3, noon(1, 2))];
    expect(sketch(messages, 1)).toEqual(['day', '[1]', 'marker', '[2', '3]']);
    expect(sketch(messages, 0)).toEqual(['day', 'marker', '[1', '2', '3]']);
    expect(sketch(messages, 3)).toEqual(['day', '[1', '2', '3]']);
  });

  it('draws no line where the first new message may be further up', () => {
    const messages = [at(12, noon(1)), at(13, noon(1, 1))];
    expect(sketch(messages, 5, true)).toEqual(['day', '[12', '13]']);
    expect(sketch(messages, 11, true)).toEqual(['day', 'marker', '[12', '13]']);
    expect(sketch(messages, 5)).toEqual(['day', 'marker', '[12', '13]']);
  });
});

it('a day is told as people do', () => {
  const words = { today: 'Today', yesterday: 'Yesterday' };
  expect(dayName(noon(21), noon(21, 5), words)).toBe('Today');
  expect(dayName(noon(20), noon(21), words)).toBe('Yesterday');
  expect(dayName(new Date(2026, 9, 31, 12), new Date(2026, 10, 1, 1), words)).toBe('Yesterday');
  expect(dayName(new Date(2025, 10, 20), noon(21), words)).toContain('2025');
});

it('a moment is told in a word', () => {
  expect(briefTime(noon(21), noon(21, 5))).toMatch(/12.00/u);
  expect(briefTime(noon(20), noon(21))).toBe(noon(20).toLocaleDateString(undefined, { weekday: 'short' }));
  expect(briefTime(noon(10), noon(21))).toContain('10');
  expect(briefTime(new Date(2025, 10, 20), noon(21))).toContain('2025');
});
