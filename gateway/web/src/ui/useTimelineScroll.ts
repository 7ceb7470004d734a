import { useCallback, useEffect, useLayoutEffect, useRef, type RefObject } from 'react';

/** So close to the end counts as being there. */
const END_PX = 60;
/** Older messages are asked for when this little is left above. */
const OLDER_FROM_PX = 500;

interface TimelineScroll {
  viewport: RefObject<HTMLDivElement | null>;
  onScroll: () => void;
  toEnd: () => void;
}

interface TimelineScrollOptions {
  /** Changes whenever the rows do. */
  rows: unknown;
  isFollowing: boolean;
  setFollowing: (isFollowing: boolean) => void;
  /** The page is scrolled near its beginning, or is not full. */
  onNearStart: () => void;
}

/**
 * Keeps a timeline at its end while it is followed, and otherwise keeps what somebody reads where
 * it stands, whatever is added above or below.
 */
export function useTimelineScroll(options: TimelineScrollOptions): TimelineScroll {
  const { rows, isFollowing, setFollowing, onNearStart } = options;
  const viewport = useRef<HTMLDivElement>(null);
  /** The row at the top of the view, and where it was. */
  const anchor = useRef<{ element: HTMLElement; top: number } | null>(null);
  const lastTop = useRef(0);

  const remember = useCallback(() => {
    const element = viewport.current;
    if (element === null) return;
    lastTop.current = element.scrollTop;
    const first = firstVisibleRow(element);
    anchor.current = first === null ? null : { element: first, top: first.offsetTop };
  }, []);

  const toEnd = useCallback(() => {
    const element = viewport.current;
    if (element !== null) element.scrollTop = element.scrollHeight;
    remember();
  }, [remember]);

  useLayoutEffect(() => {
    const element = viewport.current;
    if (element === null) return;
    const saved = anchor.current;
    if (isFollowing) {
      element.scrollTop = element.scrollHeight;
    } else if (saved?.element.isConnected === true) {
      element.scrollTop += saved.element.offsetTop - saved.top;
    }
    remember();
    if (element.scrollTop < OLDER_FROM_PX) onNearStart();
  }, [rows, isFollowing, onNearStart, remember]);

  useEffect(() => {
    const element = viewport.current;
    if (element === null || !isFollowing) return;
    // The keyboard of a phone, a growing composer or a turned screen change the room there is.
    const observer = new ResizeObserver(toEnd);
    observer.observe(element);
    return () => {
      observer.disconnect();
    };
  }, [isFollowing, toEnd]);

  const onScroll = useCallback(() => {
    const element = viewport.current;
    if (element === null) return;
    const { scrollTop, scrollHeight, clientHeight } = element;
    const isAtEnd = scrollHeight - scrollTop - clientHeight < END_PX;
    // Growing content leaves the end too; only somebody who scrolls up stops following.
    const wentUp = scrollTop < lastTop.current - 1;
    remember();
    if (isAtEnd) setFollowing(true);
    else if (wentUp) setFollowing(false);
    if (scrollTop < OLDER_FROM_PX) onNearStart();
  }, [remember, setFollowing, onNearStart]);

  return { viewport, onScroll, toEnd };
}

function firstVisibleRow(viewport: HTMLElement): HTMLElement | null {
  const rows = viewport.querySelectorAll<HTMLElement>('[data-id]');
  let [low, high] = [0, rows.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    const row = rows[middle];
    if (row !== undefined && row.offsetTop + row.offsetHeight <= viewport.scrollTop) low = middle + 1;
    else high = middle;
  }
  return rows[low] ?? null;
}
