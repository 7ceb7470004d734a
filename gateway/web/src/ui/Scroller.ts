/** Where a long list stands in its view, and which of its rows are worth drawing. */

import { rowAt, RowHeights, rowsBetween, type Range } from './rows.ts';

/** A row of the list. Only a steady one keeps its key whatever comes before it. */
export interface Row {
  readonly key: string;
  readonly isSteady: boolean;
}

/** How a row is brought into sight. */
export interface Reveal {
  readonly key: string;
  readonly block: 'center' | 'nearest';
}

/** The elements: what scrolls, and the list in it. Its drawn rows have `data-row`, its gaps `data-from` and `data-to`. */
export interface Elements {
  readonly view: HTMLElement;
  readonly list: HTMLElement;
}

/** Differences that nobody sees, and that rounding makes. */
const SAME_PX = 0.5;

/**
 * Keeps what somebody reads where it stands while rows come and go above it, are drawn, and turn
 * out to be of another height than was thought. It reads and writes the page only when told to.
 */
export class Scroller {
  readonly #heights = new RowHeights();
  #rows: readonly Row[] = [];
  #tops: readonly number[] = [0];
  /** The first steady row in sight, and how far below the view's upper edge it begins. */
  #anchor: { key: string; offset: number } | null = null;
  #wanted: Reveal | null = null;
  #top = 0;
  #width = 0;

  /** To be brought into sight as soon as it is drawn; `null` gives that up. */
  want(reveal: Reveal | null): void {
    this.#wanted = reveal;
  }

  /** The row that is wanted, if it is one of the list's. */
  get wanted(): number {
    const key = this.#wanted?.key;
    return key === undefined ? -1 : this.#rows.findIndex((row) => row.key === key);
  }

  /** After rows were drawn or changed: measures them, fills the gaps, and puts the view in its place. */
  settle(elements: Elements, rows: readonly Row[], isFollowing: boolean): HTMLElement | null {
    const by = this.#movedBy(elements);
    this.#rows = rows;
    this.#measure(elements);
    const revealed = this.#reveal(elements);
    // One that is wanted and here is about to be drawn.
    const isHeld = revealed !== null || this.wanted !== -1 || this.#hold(elements, isFollowing, by);
    if (isHeld) this.remember(elements);
    return revealed;
  }

  /** Notes what is in sight. Whether the view has been moved up since. */
  remember({ view, list }: Elements): boolean {
    const wentUp = view.scrollTop < this.#top - 1;
    this.#top = view.scrollTop;
    const place = view.scrollTop - list.offsetTop;
    const inSight = rowAt(this.#tops, place);
    const steady = this.#rows.findIndex((row, index) => row.isSteady && index >= inSight);
    const key = this.#rows[steady]?.key;
    this.#anchor = key === undefined ? null : { key, offset: (this.#tops[steady] ?? 0) - place };
    return wentUp;
  }

  /** The rows in sight, and those so many pixels above and below. */
  rowsInSight(elements: Elements, more: number): Range {
    const { upper, lower } = placeOf(elements);
    return rowsBetween(this.#tops, upper - more, lower + more);
  }

  /** Whether a range holds all rows in sight, with `least` pixels to spare on both sides and not more than `most`. */
  fits(elements: Elements, { from, to }: Range, least: number, most: number): boolean {
    const { upper, lower } = placeOf(elements);
    const [begin, end, height] = [this.#tops[from] ?? 0, this.#tops[to] ?? 0, this.#tops.at(-1) ?? 0];
    const isEnough = begin <= Math.max(0, upper - least) && end >= Math.min(height, lower + least);
    return isEnough && upper - begin <= most && end - lower <= most;
  }

  /** Pixels of rows above and below what is in sight. */
  rest(elements: Elements): { above: number; below: number } {
    const { upper, lower } = placeOf(elements);
    return { above: upper, below: (this.#tops.at(-1) ?? 0) - lower };
  }

  /** Whether a row begins above what is in sight. */
  isAbove(elements: Elements, row: number): boolean {
    return (this.#tops[row] ?? 0) < placeOf(elements).upper;
  }

  #measure({ view, list }: Elements): void {
    if (view.clientWidth !== this.#width) {
      this.#width = view.clientWidth;
      this.#heights.clear();
    }
    const children = [...list.children].filter((child) => child instanceof HTMLElement);
    for (const child of children) {
      const key = child.dataset['row'];
      if (key !== undefined) this.#heights.set(key, child.getBoundingClientRect().height);
    }
    this.#tops = this.#heights.tops(this.#rows.map(({ key }) => key));
    for (const child of children) {
      const { from, to } = child.dataset;
      if (from === undefined || to === undefined) continue;
      const height = `${(this.#tops[Number(to)] ?? 0) - (this.#tops[Number(from)] ?? 0)}px`;
      if (child.style.height !== height) child.style.height = height;
    }
  }

  /** How far somebody has scrolled, of which the page is told next. Asked before the gaps are filled. */
  #movedBy({ view }: Elements): number {
    const by = view.scrollTop - this.#top;
    // Where there is less than before, it is the browser that goes back to the end.
    const isPutBack = by < 0 && leftBelow(view) <= 1;
    return isPutBack || Math.abs(by) <= 1 ? 0 : by;
  }

  /** Keeps the view at its anchor or at the end, unless somebody has just gone up from there. */
  #hold({ view, list }: Elements, isFollowing: boolean, by: number): boolean {
    if (isFollowing) {
      if (by < 0) return false;
      view.scrollTop = view.scrollHeight;
      return true;
    }
    const anchor = this.#anchor;
    const row = anchor === null ? -1 : this.#rows.findIndex(({ key }) => key === anchor.key);
    if (anchor === null || row === -1) return true;
    const top = list.offsetTop + (this.#tops[row] ?? 0) - anchor.offset + by;
    if (Math.abs(top - view.scrollTop) > SAME_PX) view.scrollTop = top;
    return true;
  }

  #reveal({ view, list }: Elements): HTMLElement | null {
    if (this.#wanted === null) return null;
    const { key, block } = this.#wanted;
    const row = [...list.children].find((child) => child instanceof HTMLElement && child.dataset['row'] === key);
    if (!(row instanceof HTMLElement)) return null;
    this.#wanted = null;
    const [begin, height] = [row.offsetTop, row.offsetHeight];
    const spare = view.clientHeight - height;
    if (block === 'center') view.scrollTop = begin - Math.max(0, spare / 2);
    else if (begin < view.scrollTop || spare < 0) view.scrollTop = begin;
    else if (begin + height > view.scrollTop + view.clientHeight) view.scrollTop = begin - spare;
    return row;
  }
}

/** Pixels below what is in sight. */
export function leftBelow(view: HTMLElement): number {
  return view.scrollHeight - view.scrollTop - view.clientHeight;
}

function placeOf({ view, list }: Elements): { upper: number; lower: number } {
  const upper = view.scrollTop - list.offsetTop;
  return { upper, lower: upper + view.clientHeight };
}
