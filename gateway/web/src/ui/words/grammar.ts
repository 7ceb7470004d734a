/** What the files of words have in common: numbers, plurals and lists, as their language has them. */

import type { ErrorBody } from '../../state/index.ts';

/** A noun for each kind of number that a language knows; `other` is for those that are left. */
export type Forms = Partial<Record<Intl.LDMLPluralRule, string>> & { readonly other: string };

/** Errors in the language's own words, by reason. Those that it lacks are told in the server's, which are English. */
export type ErrorWords = Readonly<Record<string, (error: ErrorBody) => string>>;

export interface Grammar {
  readonly number: (value: number) => string;
  /** A number with its noun. */
  readonly plural: (count: number, forms: Forms) => string;
  readonly list: (items: readonly string[]) => string;
}

export function grammarOf(language: string): Grammar {
  const rules = new Intl.PluralRules(language);
  const numbers = new Intl.NumberFormat(language);
  const lists = new Intl.ListFormat(language, { type: 'conjunction' });
  return {
    number: (value) => numbers.format(value),
    plural: (count, forms) => `${numbers.format(count)} ${forms[rules.select(count)] ?? forms.other}`,
    list: (items) => lists.format(items),
  };
}
