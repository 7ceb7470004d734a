import { describe, expect, it } from 'vitest';
import { fitting, mentionAt, wordsOf } from './pieces.ts';

describe('words', () => {
  it('show the people that are named, the longest name first and whole names only', () => {
    const named = [
      { name: 'Ann', isMe: false },
      { name: 'Ann Lee', isMe: true },
    ];
    expect(wordsOf('hi @ann lee, @Ann and @Annabel', named)).toEqual([
      { kind: 'text', text: 'hi ' },
      { kind: 'mention', text: '@ann lee', isMe: true },
      { kind: 'text', text: ', ' },
      { kind: 'mention', text: '@Ann', isMe: false },
      { kind: 'text', text: ' and @Annabel' },
    ]);
  });

  it('take names as they are written, and leave addresses alone', () => {
    expect(wordsOf('@a.b (c)', [{ name: 'a.b (c)', isMe: false }])).toEqual([
      { kind: 'mention', text: '@a.b (c)', isMe: false },
    ]);
    expect(wordsOf('@aXb', [{ name: 'a.b', isMe: false }])).toEqual([{ kind: 'text', text: '@aXb' }]);
    expect(wordsOf('https://x.org/@Ann', [{ name: 'Ann', isMe: false }])).toMatchObject([{ kind: 'link' }]);
  });
});

describe('a mention that is being written', () => {
  it('is what stands between the @ and the caret', () => {
    expect(mentionAt('hello @an', 9)).toEqual({ start: 6, query: 'an' });
    expect(mentionAt('@Ann Li rest', 7)).toEqual({ start: 0, query: 'Ann Li' });
    expect(mentionAt('@', 1)).toEqual({ start: 0, query: '' });
  });

  it('is none in an address, after a space or two, or on another line', () => {
    for (const text of ['ann@ex', '@ ', '@ann  ', '@ann\nx', 'none']) expect(mentionAt(text, text.length)).toBeNull();
  });
});

it('names that begin so come before those with a word that does', () => {
  const people = ['Lea Ann', 'Anna', 'Bob', 'ann'].map((name) => ({ name, username: name }));
  expect(fitting(people, 'AN', 5).map(({ name }) => name)).toEqual(['ann', 'Anna', 'Lea Ann']);
  expect(fitting(people, 'an', 1)).toHaveLength(1);
});
