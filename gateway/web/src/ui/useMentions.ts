import { useEffect, useMemo, useState, type KeyboardEvent, type RefObject } from 'react';
import { activeRoom, type Person } from '../state/index.ts';
import { useApp, useSelect } from './useApp.ts';
import { fitting, mentionAt, type MentionDraft } from './pieces.ts';

const MOST_SUGGESTIONS = 6;
/** The server is asked for names that nobody here knows, from this many letters on. */
const ASK_FROM_CHARACTERS = 2;
const ASK_AFTER_MS = 200;
export const MENTION_LIST_ID = 'mention-list';

interface MentionsOptions {
  field: RefObject<HTMLTextAreaElement | null>;
  draft: string;
  write: (words: string) => void;
}

export interface Mentions {
  isOpen: boolean;
  people: readonly Person[];
  /** The one that Enter takes. */
  index: number;
  pick: (person: Person) => void;
  /** What tells the field's helpers of the list. */
  field: Record<string, string | undefined>;
  onCaret: (words: string, caret: number) => void;
  /** Whether the key was meant for the list. */
  onKeyDown: (event: KeyboardEvent) => boolean;
}

export function mentionOptionId(index: number): string {
  return `mention-${index}`;
}

/** Completes `@name` in the composer. */
export function useMentions({ field, draft, write }: MentionsOptions): Mentions {
  const app = useApp();
  const people = useSelect((state) => state.people);
  const members = useSelect((state) => activeRoom(state)?.members);
  const me = useSelect((state) => state.me?.userUUID);
  const [mention, setMention] = useState<MentionDraft | null>(null);
  const [index, setIndex] = useState(0);
  /** Where somebody closed the list. */
  const [closedAt, setClosedAt] = useState<number | null>(null);
  const query = mention?.query ?? null;

  const found = useMemo(() => {
    if (query === null) return [];
    const here = new Set(members);
    const others = Object.values(people).filter(({ uuid }) => uuid !== me);
    const fits = fitting(others, query, others.length);
    return [...fits.filter(({ uuid }) => here.has(uuid)), ...fits.filter(({ uuid }) => !here.has(uuid))].slice(0, MOST_SUGGESTIONS);
  }, [people, members, me, query]);

  useEffect(() => {
    if (query === null || query.length < ASK_FROM_CHARACTERS || query.includes(' ')) return;
    // Whom it finds is known from then on, and shows above.
    const timer = setTimeout(() => {
      void app.account.find(query);
    }, ASK_AFTER_MS);
    return () => {
      clearTimeout(timer);
    };
  }, [app, query]);

  const isExact = found.length === 1 && found[0]?.username.toLocaleLowerCase() === query?.toLocaleLowerCase();
  const isOpen = mention !== null && mention.start !== closedAt && found.length > 0 && !isExact;
  const current = Math.min(index, found.length - 1);

  const pick = (person: Person): void => {
    if (mention === null) return;
    const end = mention.start + 1 + mention.query.length;
    const words = `@${person.username} `;
    write(draft.slice(0, mention.start) + words + draft.slice(end).replace(/^ /u, ''));
    setMention(null);
    const caret = mention.start + words.length;
    requestAnimationFrame(() => {
      field.current?.focus();
      field.current?.setSelectionRange(caret, caret);
    });
  };

  return {
    isOpen,
    people: found,
    index: current,
    pick,
    field: {
      // A field of several lines may not be a combobox (W3C, ARIA in HTML).
      'aria-autocomplete': 'list',
      'aria-haspopup': 'listbox',
      'aria-controls': isOpen ? MENTION_LIST_ID : undefined,
      'aria-activedescendant': isOpen ? mentionOptionId(current) : undefined,
    },
    onCaret: (words, caret) => {
      const next = mentionAt(words, caret);
      if (next?.start !== mention?.start || next?.query !== mention?.query) setIndex(0);
      if (next === null) setClosedAt(null);
      setMention(next);
    },
    onKeyDown: (event) => {
      if (!isOpen) return false;
      const person = found[current];
      if (event.key === 'ArrowDown') setIndex((current + 1) % found.length);
      else if (event.key === 'ArrowUp') setIndex((current - 1 + found.length) % found.length);
      else if (event.key === 'Escape') setClosedAt(mention.start);
      else if ((event.key === 'Enter' || event.key === 'Tab') && person !== undefined && !event.shiftKey) pick(person);
      else return false;
      event.preventDefault();
      return true;
    },
  };
}
