/** The words of the page, in the language that was chosen. */

import { useSyncExternalStore } from 'react';
import type { ErrorBody, Status } from '../state/index.ts';
import type { Words } from './words/en.ts';

/** Each by its own name, with a chunk of its own. */
const LANGUAGES = {
  en: { name: 'English', load: () => import('./words/en.ts').then(({ en }) => en) },
  de: { name: 'Deutsch', load: () => import('./words/de.ts').then(({ de }): Words => de) },
};

export type Language = keyof typeof LANGUAGES;

export const LANGUAGE_NAMES = Object.fromEntries(
  Object.entries(LANGUAGES).map(([language, { name }]) => [language, name]),
) as Record<Language, string>;

const FALLBACK: Language = 'en';
/** What somebody chose in this browser, over what the browser says. */
const LANGUAGE_KEY = 'parlor.language';

/** There from the first picture on: the page is drawn when its words have come. */
export let text: Words;
/** How dates are told: as in the browser's own country, where it speaks the language. */
export let locale: string = FALLBACK;

let current: Language = FALLBACK;
const listeners = new Set<() => void>();

/** The language that was chosen, or else the first of the browser's that there is. */
export function languageFor(chosen: string | null, spoken: readonly string[]): Language {
  const known = [chosen ?? '', ...spoken].map((tag) => tag.split('-')[0]?.toLowerCase() ?? '');
  return known.find((language): language is Language => language in LANGUAGES) ?? FALLBACK;
}

export async function speak(language: Language, spoken: readonly string[] = []): Promise<void> {
  text = await LANGUAGES[language].load();
  current = language;
  locale = spoken.find((tag) => tag.toLowerCase().split('-')[0] === language) ?? language;
  for (const listener of [...listeners]) listener();
}

/** As `speak`, in this browser, from now on. */
export async function chooseLanguage(language: Language): Promise<void> {
  await speak(language, navigator.languages);
  document.documentElement.lang = language;
  try {
    localStorage.setItem(LANGUAGE_KEY, language);
  } catch {
    // Then it lasts until the page is closed.
  }
}

/** Speaks what this browser wants. */
export async function speakBrowser(): Promise<void> {
  let chosen: string | null = null;
  try {
    chosen = localStorage.getItem(LANGUAGE_KEY);
  } catch {
    // Without storage it is as the browser says.
  }
  const language = languageFor(chosen, navigator.languages);
  await speak(language, navigator.languages);
  document.documentElement.lang = language;
}

/** The language, for what must be drawn anew in another one. */
export function useLanguage(): Language {
  return useSyncExternalStore(subscribe, () => current);
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => {
    listeners.delete(listener);
  };
}

/** What went wrong, in the page's language where that has words for it. */
export function errorText(error: ErrorBody): string {
  return text.errors[error.reason ?? '']?.(error) ?? error.error;
}

/** What the banner says of the connection, and what can be done; `null` when all is well. */
export function connectionText(status: Status, secondsLeft: number): { words: string; action: string | null } | null {
  switch (status.name) {
    case 'ready':
    case 'open':
      return null;
    case 'idle':
      return { words: text.banner.idle, action: text.banner.connect };
    case 'connecting':
      return { words: text.banner.connecting, action: null };
    case 'authenticating':
      return { words: text.banner.signingIn, action: null };
    case 'waiting':
      return { words: text.banner[status.cause](secondsLeft), action: text.banner.retry };
    case 'draining':
      return { words: text.banner.restart(secondsLeft), action: text.banner.retry };
    case 'stopped':
      return { words: text.banner.stopped, action: text.banner.connect };
  }
}
