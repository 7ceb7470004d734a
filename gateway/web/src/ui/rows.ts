/** Where the rows of a long list stand, of which only those in sight are drawn. */

/** Heights are kept for this many times the rows that there are, before the others are forgotten. */
const KEPT_TIMES = 2;
/** What a row is taken for as long as none was seen, in CSS pixels. */
const FIRST_GUESS_PX = 48;

/** The heights of rows in CSS pixels: as they were seen, or as they mostly are. */
export class RowHeights {
  readonly #seen = new Map<string, number>();
  #sum = 0;

  set(key: string, height: number): void {
    this.#sum += height - (this.#seen.get(key) ?? 0);
    this.#seen.set(key, height);
  }

  clear(): void {
    this.#seen.clear();
    this.#sum = 0;
  }

  /** The place of each row's upper edge, counted from the first's, and the lower edge of the last. */
  tops(keys: readonly string[]): number[] {
    this.#forgetOthers(keys);
    const usual = this.#seen.size === 0 ? FIRST_GUESS_PX : this.#sum / this.#seen.size;
    const tops = [0];
    let top = 0;
    for (const key of keys) {
      top += this.#seen.get(key) ?? usual;
      tops.push(top);
    }
    return tops;
  }

  #forgetOthers(keys: readonly string[]): void {
    if (this.#seen.size <= KEPT_TIMES * keys.length) return;
    const here = new Set(keys);
    for (const [key, height] of this.#seen) {
      if (here.has(key)) continue;
      this.#seen.delete(key);
      this.#sum -= height;
    }
  }
}

/** The row in which a place lies: the last whose upper edge is not behind it, and at least the first. */
export function rowAt(tops: readonly number[], place: number): number {
  let [low, high] = [0, Math.max(0, tops.length - 2)];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((tops[middle] ?? 0) <= place) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** Rows from `from` on, up to but without `to`. */
export interface Range {
  readonly from: number;
  readonly to: number;
}

/** The rows that lie between two places, in whole or in part. */
export function rowsBetween(tops: readonly number[], upper: number, lower: number): Range {
  const count = tops.length - 1;
  return count === 0 ? { from: 0, to: 0 } : { from: rowAt(tops, upper), to: rowAt(tops, lower) + 1 };
}

/** What is drawn, by keys, as rows come and go before it: `null` is the list's end, or as many rows before that as fill the view. */
export interface Shown {
  readonly first: string | null;
  readonly last: string | null;
}

export const THE_END: Shown = { first: null, last: null };

/** Those rows, of which `usual` fill the view twice over. */
export function rangeOf(keys: readonly string[], { first, last }: Shown, usual: number): Range {
  const at = last === null ? -1 : keys.indexOf(last);
  const begin = first === null ? -1 : keys.indexOf(first);
  // Of keys that are gone the other one tells where we are.
  if (at === -1 && begin !== -1 && last !== null) return { from: begin, to: Math.min(keys.length, begin + usual) };
  const to = at === -1 ? keys.length : at + 1;
  return { from: begin === -1 || begin > to ? Math.max(0, to - usual) : begin, to };
}

/** A part of a list: rows that are drawn, or a gap as high as those that are not. */
export type Part = Range & { readonly isGap: boolean };

/** The list in parts: the range, and one row that is drawn wherever it is. */
export function partsOf(count: number, range: Range, pinned: number): Part[] {
  const drawn: Range[] = [range];
  if (pinned >= 0 && pinned < range.from) drawn.unshift({ from: pinned, to: pinned + 1 });
  if (pinned >= range.to && pinned < count) drawn.push({ from: pinned, to: pinned + 1 });
  const parts: Part[] = [];
  let end = 0;
  for (const { from, to } of drawn) {
    if (from > end) parts.push({ from: end, to: from, isGap: true });
    parts.push({ from, to, isGap: false });
    end = to;
  }
  if (count > end) parts.push({ from: end, to: count, isGap: true });
  return parts;
}
