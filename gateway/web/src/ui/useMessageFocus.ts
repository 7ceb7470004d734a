import { useCallback, useMemo, useRef, useState, type FocusEvent, type KeyboardEvent, type PointerEvent, type RefObject } from 'react';
import type { Reveal, Row } from './Scroller.ts';

interface MessageFocus {
  /** The message whose tools are shown. */
  selected: string | null;
  handlers: {
    onKeyDown: (event: KeyboardEvent) => void;
    onFocus: (event: FocusEvent) => void;
    onBlur: (event: FocusEvent) => void;
    onPointerDown: (event: PointerEvent) => void;
    onPointerMove: (event: PointerEvent) => void;
    onPointerLeave: (event: PointerEvent) => void;
    onClick: (event: React.MouseEvent) => void;
  };
}

interface MessageFocusOptions {
  viewport: RefObject<HTMLElement | null>;
  /** The timeline's rows, of which the steady ones are messages. */
  rows: readonly Row[];
  /** The message that has the focus, or in which something has. */
  focused: string | null;
  setFocused: (id: string | null) => void;
  reveal: (reveal: Reveal) => void;
  lastInSight: () => number;
}

function rowOf(target: EventTarget | null): HTMLElement | null {
  return target instanceof Element ? target.closest<HTMLElement>('[data-testid="message"]') : null;
}

/**
 * One message at a time shows its tools: the one pointed at, touched, or reached with the arrow
 * keys. Tab then goes through them; a timeline with buttons in each row would be a long way.
 */
export function useMessageFocus(options: MessageFocusOptions): MessageFocus {
  const { viewport, rows, focused, setFocused, reveal, lastInSight } = options;
  // Whatever came last: the pointer rests somewhere while somebody goes on with the keys.
  const [selected, setSelected] = useState<string | null>(null);
  /** What was selected when a finger came down: a second touch lets go of it. */
  const touched = useRef<string | null>(null);

  const onKeyDown = useCallback(
    (event: KeyboardEvent) => {
      const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
      const row = rowOf(event.target);
      if (event.key === 'Escape' && row !== null) {
        event.preventDefault();
        setSelected(null);
        document.querySelector<HTMLElement>('[data-testid="message-input"]')?.focus();
        return;
      }
      // Inside a row only the row itself moves on: a poll's options have arrows of their own.
      if (step === undefined || event.altKey || event.ctrlKey || event.metaKey) return;
      if (event.target !== viewport.current && event.target !== row) return;
      const id = row?.dataset['id'];
      // From the timeline itself one comes to the message at the bottom.
      let index = id === undefined ? lastInSight() : rows.findIndex(({ key }) => key === id) + step;
      while (rows[index]?.isSteady === false) index += id === undefined ? -1 : step;
      const next = rows[index];
      if (next === undefined) return;
      event.preventDefault();
      reveal({ key: next.key, block: 'nearest' });
    },
    [viewport, rows, reveal, lastInSight],
  );

  const handlers = useMemo(
    () => ({
      onKeyDown,
      onFocus: (event: FocusEvent) => {
        const id = rowOf(event.target)?.dataset['id'] ?? null;
        setFocused(id);
        setSelected(id);
      },
      onBlur: (event: FocusEvent) => {
        // A dialog that was opened from the tools gives the focus back to them.
        if (event.relatedTarget === null || isInDialog(event.relatedTarget)) return;
        if (rowOf(event.relatedTarget) !== null) return;
        setFocused(null);
        setSelected(null);
      },
      onPointerDown: (event: PointerEvent) => {
        touched.current = event.pointerType === 'mouse' ? null : selected;
      },
      onPointerMove: (event: PointerEvent) => {
        // A browser also tells of a pointer that rests while the page moves under it.
        const hasMoved = event.movementX !== 0 || event.movementY !== 0;
        if (event.pointerType === 'mouse' && hasMoved) setSelected(rowOf(event.target)?.dataset['id'] ?? null);
      },
      onPointerLeave: (event: PointerEvent) => {
        if (event.pointerType === 'mouse') setSelected(focused);
      },
      onClick: (event: React.MouseEvent) => {
        const isControl = event.target instanceof Element && event.target.closest('a, button') !== null;
        if (isControl || matchMedia('(hover: hover)').matches) return;
        const id = rowOf(event.target)?.dataset['id'] ?? null;
        setSelected(id === touched.current ? null : id);
      },
    }),
    [onKeyDown, selected, focused, setFocused],
  );
  return { selected, handlers };
}

function isInDialog(target: EventTarget): boolean {
  return target instanceof Element && target.closest('dialog') !== null;
}
