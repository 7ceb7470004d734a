import { expect, it } from 'vitest';
import { linkify } from './linkify.ts';

it('web addresses in a text become links, and nothing else does', () => {
  expect(linkify('see https://example.org/a?b=c#d.')).toEqual([
    { kind: 'text', text: 'see ' },
    { kind: 'link', text: 'https://example.org/a?b=c#d', href: 'https://example.org/a?b=c#d' },
    { kind: 'text', text: '.' },
  ]);
  expect(linkify('(http://a.example/x_(y))').map(({ text }) => text)).toEqual(['(', 'http://a.example/x_(y)', ')']);
  expect(linkify('javascript:alert(1) http:// data:text/html,x')).toHaveLength(1);
  expect(linkify('')).toEqual([]);
});
