import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { errorText, languageFor, locale, speak, text } from '../text.ts';
import { de } from './de.ts';
import { en } from './en.ts';
import { grammarOf } from './grammar.ts';

const PROTOCOL = join(import.meta.dirname, '../../../../../shared/PROTOCOL.md');
const ERROR = { code: 24, reason: 'unavailable', error: 'Redis is away', retryAfterMs: 3_000 };
/** What is the same in both, as names and loanwords are. */
const SAME = /^(?:product|roles\.(?:admin|moderator)|nav\.(?:online|offline|last)|room\.(?:named|private\.offline)|timeline\.said|alerts\.title|dialogs\.(?:create\.name|profile\.colors\.(?:1|7)))$/u;

/** Every word by its path; of a function, what it says for some arguments. */
function leaves(value: unknown, path = ''): [string, unknown][] {
  if (typeof value === 'function') {
    const say = value as (...args: unknown[]) => unknown;
    // Names of people, or numbers: each function takes what it takes.
    return [0, 1, 5].map((count) => [path, sayWith(say, count)]);
  }
  if (typeof value !== 'object' || value === null) return [[path, value]];
  return Object.entries(value).flatMap(([key, inner]) => leaves(inner, path === '' ? key : `${path}.${key}`));
}

function sayWith(say: (...args: unknown[]) => unknown, count: number): unknown {
  for (const args of [[count, count, true], [['Ann', 'Ben'], count], [ERROR], ['expired', null]]) {
    try {
      const words = say(...args);
      if (typeof words === 'string') return words;
    } catch {
      // Of another shape.
    }
  }
  return undefined;
}

const shapeOf = (words: object): string[] => [...new Set(leaves(words).map(([path]) => path).filter((path) => !path.startsWith('errors')))];

describe('every language', () => {
  it('has the same words, and none is empty', () => {
    expect(shapeOf(de)).toEqual(expect.arrayContaining(shapeOf(en)));
    expect(shapeOf(en)).toEqual(expect.arrayContaining(shapeOf(de)));
    for (const words of [en, de]) {
      const lacking = leaves(words).filter(([, said]) => typeof said !== 'string' || said.trim() === '' || said.includes('undefined'));
      expect(lacking).toEqual([]);
    }
  });

  it('says them in its own', () => {
    const english = new Map(leaves(en));
    const untold = leaves(de).filter(([path, said]) => !SAME.test(path) && english.get(path) === said);
    expect(untold).toEqual([]);
  });

  it('counts as it is counted there', () => {
    expect([0, 1, 2].map((count) => de.nav.unread(count))).toEqual(['0 ungelesene Nachrichten', '1 ungelesene Nachricht', '2 ungelesene Nachrichten']);
    expect([de.composer.left(1_234), en.composer.left(1_234)]).toEqual(['noch 1.234', '1,234 left']);
    const polish = grammarOf('pl').plural;
    expect([1, 3, 5].map((count) => polish(count, { one: 'plik', few: 'pliki', other: 'plików' }))).toEqual(['1 plik', '3 pliki', '5 plików']);
  });
});

describe('errors', () => {
  it('are told in German for every reason that the protocol names', () => {
    const reasons = [...readFileSync(PROTOCOL, 'utf8').matchAll(/^\| \d+ \| `(\w+)` \| (?:yes|no) \|/gmu)].map((match) => match[1] ?? '');
    expect(reasons.length).toBeGreaterThan(20);
    expect(reasons.filter((reason) => !(reason in de.errors))).toEqual([]);
  });

  it('are told in the server’s words where there are no others', async () => {
    await speak('de');
    expect(errorText(ERROR)).toBe('Der Server erreicht seinen Speicher gerade nicht. Versuch es in 3 Sekunden noch einmal.');
    expect(errorText({ code: 99, reason: 'new', error: 'Something new' })).toBe('Something new');
    await speak('en');
    expect(errorText(ERROR)).toBe('Redis is away');
  });
});

describe('the language', () => {
  it('is the one that was chosen, or else the first of the browser’s that there is', () => {
    expect(languageFor(null, ['fr-FR', 'de-AT', 'en-GB'])).toBe('de');
    expect(languageFor('en', ['de'])).toBe('en');
    expect(languageFor('xx', ['fr'])).toBe('en');
    expect(languageFor(null, [])).toBe('en');
  });

  it('tells dates as in the browser’s own country, where that speaks it', async () => {
    await speak('de', ['en-GB', 'de-AT']);
    expect([text.nav.rooms, locale]).toEqual(['Räume', 'de-AT']);
    await speak('en', ['de']);
    expect([text.nav.rooms, locale]).toEqual(['Rooms', 'en']);
  });
});
