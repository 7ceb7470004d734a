import { useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState, type RefObject } from 'react';
import { flushSync } from 'react-dom';
import { partsOf, rangeOf, THE_END, type Part, type Shown } from './rows.ts';
import { leftBelow, Scroller, type Elements, type Reveal, type Row } from './Scroller.ts';

/** So close to the end counts as being there. */
const END_PX = 60;
/** A page is asked for when this little is left above, or below. */
const PAGE_FROM_PX = 800;
/** No row is lower, so that this fills a view for sure. */
const LOWEST_ROW_PX = 32;
/** Rows drawn before the view's height is known. */
const FIRST_ROWS = 50;

interface RowsOptions {
  readonly rows: readonly Row[];
  /** A row that is drawn wherever it is: the one that has the focus. */
  readonly pinned: string | null;
  readonly isFollowing: boolean;
  /** The list's end is the end of all that there is. */
  readonly isComplete: boolean;
  readonly setFollowing: (isFollowing: boolean) => void;
  /** The view is near the list's beginning, or is not full. */
  readonly onNearStart: () => void;
  /** The view is near the end of a list that is not complete. */
  readonly onNearEnd: () => void;
  /** Something else may be in sight than before. */
  readonly onLook: () => void;
}

interface Rows {
  readonly viewport: RefObject<HTMLDivElement | null>;
  readonly list: RefObject<HTMLOListElement | null>;
  /** What is to be drawn. */
  readonly parts: readonly Part[];
  readonly onScroll: () => void;
  readonly toEnd: () => void;
  /** Brings a row into sight and gives it the focus, as soon as it is one of `rows`. */
  readonly reveal: (reveal: Reveal) => void;
  /** The last row in sight. */
  readonly lastInSight: () => number;
  /** Whether the row at an index begins above what is in sight. */
  readonly isAbove: (index: number) => boolean;
}

/**
 * Draws of a long list only what is in sight and some more, keeps the view at the end while that is
 * followed, and otherwise keeps what somebody reads where it stands, whatever comes above or below.
 */
export function useRows(options: RowsOptions): Rows {
  const { rows, pinned } = options;
  const viewport = useRef<HTMLDivElement>(null);
  const list = useRef<HTMLOListElement>(null);
  const [scroller] = useState(() => new Scroller());
  const [shown, setShown] = useState<Shown>(THE_END);
  const [usual, setUsual] = useState(FIRST_ROWS);

  const keys = useMemo(() => rows.map(({ key }) => key), [rows]);
  const { from, to } = rangeOf(keys, shown, usual);
  const parts = useMemo(
    () => partsOf(keys.length, { from, to }, pinned === null ? -1 : keys.indexOf(pinned)),
    [keys, from, to, pinned],
  );

  const elements = useCallback((): Elements | null => {
    const [view, inner] = [viewport.current, list.current];
    return view === null || inner === null ? null : { view, list: inner };
  }, []);

  /** Draws other rows where those that are drawn do not fit any more, and asks for more where they end. */
  const look = useCallback(
    (show: (shown: Shown) => void): void => {
      const here = elements();
      if (here === null) return;
      const { clientHeight } = here.view;
      const keysOf = ({ from: first, to: end }: { from: number; to: number }): Shown => ({
        first: keys[first] ?? null,
        last: end >= keys.length ? null : (keys[end - 1] ?? null),
      });
      const { wanted } = scroller;
      if (wanted !== -1) {
        if (wanted < from || wanted >= to) show(keysOf({ from: Math.max(0, wanted - usual), to: wanted + usual }));
      } else if (options.isFollowing) {
        if (shown !== THE_END) show(THE_END);
      } else if (shown === THE_END || !scroller.fits(here, { from, to }, clientHeight / 2, clientHeight * 3)) {
        const next = keysOf(scroller.rowsInSight(here, clientHeight));
        if (next.first !== shown.first || next.last !== shown.last) show(next);
      }
      const { above, below } = scroller.rest(here);
      if (above < PAGE_FROM_PX) options.onNearStart();
      if (below < PAGE_FROM_PX && !options.isComplete) options.onNearEnd();
      options.onLook();
    },
    [elements, scroller, keys, from, to, usual, shown, options],
  );

  const settle = useCallback((): void => {
    const here = elements();
    if (here === null) return;
    const revealed = scroller.settle(here, rows, options.isFollowing);
    if (revealed !== null) {
      revealed.focus({ preventScroll: true });
      if (leftBelow(here.view) > END_PX) options.setFollowing(false);
    }
    look(setShown);
  }, [elements, scroller, rows, options, look]);

  useLayoutEffect(settle);

  const latestSettle = useRef(settle);
  useEffect(() => {
    latestSettle.current = settle;
  }, [settle]);
  useEffect(() => {
    const here = elements();
    if (here === null) return;
    // The keyboard of a phone, a growing composer or a turned screen change the room there is; a row
    // grows by its reactions.
    const observer = new ResizeObserver(() => {
      setUsual(Math.ceil((2 * here.view.clientHeight) / LOWEST_ROW_PX));
      latestSettle.current();
    });
    observer.observe(here.view);
    observer.observe(here.list);
    return () => {
      observer.disconnect();
    };
  }, [elements]);

  const onScroll = useCallback(() => {
    const here = elements();
    if (here === null) return;
    const left = leftBelow(here.view);
    // Growing content leaves the end too; only somebody who scrolls up stops following.
    const wentUp = scroller.remember(here) && left > 1;
    if (wentUp) options.setFollowing(false);
    else if (left < END_PX && options.isComplete) options.setFollowing(true);
    // In time for the picture that shows the view where it is now: whoever pulls the bar goes far.
    look((next) => {
      flushSync(() => {
        setShown(next);
      });
    });
  }, [elements, scroller, options, look]);

  const toEnd = useCallback(() => {
    scroller.want(null);
    const here = elements();
    if (here === null) return;
    here.view.scrollTop = here.view.scrollHeight;
    scroller.remember(here);
    here.view.focus({ preventScroll: true });
  }, [elements, scroller]);

  const reveal = useCallback(
    (wanted: Reveal) => {
      scroller.want(wanted);
      latestSettle.current();
    },
    [scroller],
  );

  const lastInSight = useCallback(() => {
    const here = elements();
    return here === null ? -1 : scroller.rowsInSight(here, 0).to - 1;
  }, [elements, scroller]);

  const isAbove = useCallback(
    (index: number) => {
      const here = elements();
      return here !== null && scroller.isAbove(here, index);
    },
    [elements, scroller],
  );

  return { viewport, list, parts, onScroll, toEnd, reveal, lastInSight, isAbove };
}
