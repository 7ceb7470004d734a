/** A message's text in pieces: words, web addresses, and the people it names. */

import { linkify, type Piece } from './linkify.ts';

export type Word = Piece | { kind: 'mention'; text: string; isMe: boolean };

export interface Named {
  readonly name: string;
  readonly isMe: boolean;
}

/** Finds `@name` for the names given, the longest first, whatever their case. */
export function wordsOf(text: string, named: readonly Named[]): Word[] {
  const byName = new Map(named.map(({ name, isMe }) => [name.toLocaleLowerCase(), isMe]));
  if (byName.size === 0) return linkify(text);
  const longestFirst = [...byName.keys()].sort((a, b) => b.length - a.length);
  const pattern = new RegExp(`@(?:${longestFirst.map(escaped).join('|')})(?![\\p{L}\\p{N}_])`, 'giu');
  return linkify(text).flatMap((piece) => (piece.kind === 'text' ? mentionsIn(piece.text, pattern, byName) : [piece]));
}

function mentionsIn(text: string, pattern: RegExp, byName: ReadonlyMap<string, boolean>): Word[] {
  const words: Word[] = [];
  let end = 0;
  for (const match of text.matchAll(pattern)) {
    if (match.index > end) words.push({ kind: 'text', text: text.slice(end, match.index) });
    const isMe = byName.get(match[0].slice(1).toLocaleLowerCase()) ?? false;
    words.push({ kind: 'mention', text: match[0], isMe });
    end = match.index + match[0].length;
  }
  if (end < text.length) words.push({ kind: 'text', text: text.slice(end) });
  return words;
}

function escaped(text: string): string {
  return text.replace(/[$()*+.?[\\\]^{|}]/gu, '\\$&');
}

/** What is being completed: the text between an `@` and the caret, if one stands there. */
export interface MentionDraft {
  /** Where the `@` stands. */
  readonly start: number;
  readonly query: string;
}

const LONGEST_QUERY = 32;

/** The mention that somebody is writing at the caret; names may hold single spaces. */
export function mentionAt(text: string, caret: number): MentionDraft | null {
  const before = text.slice(Math.max(0, caret - LONGEST_QUERY - 1), caret);
  const at = before.lastIndexOf('@');
  if (at === -1) return null;
  const isAfterWord = /[\p{L}\p{N}_]/u.test(before.charAt(at - 1));
  const query = before.slice(at + 1);
  if (isAfterWord || /[\n@]|\s\s|^\s/u.test(query)) return null;
  return { start: caret - query.length - 1, query };
}

/** Those who fit: names that begin with the query first, then those with a word that does. */
export function fitting<T extends { name: string; username: string }>(people: readonly T[], query: string, most: number): T[] {
  const wanted = query.toLocaleLowerCase();
  const rank = ({ name, username }: T): number => {
    const names = [name.toLocaleLowerCase(), username.toLocaleLowerCase()];
    if (names.some((it) => it.startsWith(wanted))) return 0;
    return names.some((it) => it.split(/[\s._-]/u).some((word) => word.startsWith(wanted))) ? 1 : 2;
  };
  return people
    .map((person) => ({ person, rank: rank(person) }))
    .filter((it) => it.rank < 2)
    .sort((a, b) => a.rank - b.rank || a.person.name.localeCompare(b.person.name))
    .slice(0, most)
    .map(({ person }) => person);
}
