import { useCallback, useMemo, useState, type FocusEvent, type KeyboardEvent, type PointerEvent, type RefObject } from 'react';

interface MessageFocus {
  /** The message whose tools are shown. */
  selected: string | null;
  handlers: {
    onKeyDown: (event: KeyboardEvent) => void;
    onFocus: (event: FocusEvent) => void;
    onBlur: (event: FocusEvent) => void;
    onPointerOver: (event: PointerEvent) => void;
    onPointerLeave: () => void;
    onClick: (event: React.MouseEvent) => void;
  };
}

function rowOf(target: EventTarget | null): HTMLElement | null {
  return target instanceof Element ? target.closest<HTMLElement>('[data-testid="message"]') : null;
}

/**
 * One message at a time shows its tools: the one pointed at, touched, or reached with the arrow
 * keys. Tab then goes through them; a timeline with buttons in each row would be a long way.
 */
export function useMessageFocus(viewport: RefObject<HTMLElement | null>): MessageFocus {
  const [focused, setFocused] = useState<string | null>(null);
  const [pointed, setPointed] = useState<string | null>(null);

  const onKeyDown = useCallback(
    (event: KeyboardEvent) => {
      const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
      const row = rowOf(event.target);
      if (event.key === 'Escape' && row !== null) {
        event.preventDefault();
        setFocused(null);
        document.querySelector<HTMLElement>('[data-testid="message-input"]')?.focus();
        return;
      }
      // Inside a row only the row itself moves on: a poll's options have arrows of their own.
      if (step === undefined || event.altKey || event.ctrlKey || event.metaKey) return;
      if (event.target !== viewport.current && event.target !== row) return;
      const rows = [...(viewport.current?.querySelectorAll<HTMLElement>('[data-testid="message"]') ?? [])];
      const next = row === null ? rows.at(-1) : rows[rows.indexOf(row) + step];
      if (next === undefined) return;
      event.preventDefault();
      next.focus();
      next.scrollIntoView({ block: 'nearest' });
    },
    [viewport],
  );

  const handlers = useMemo(
    () => ({
      onKeyDown,
      onFocus: (event: FocusEvent) => {
        setFocused(rowOf(event.target)?.dataset['id'] ?? null);
      },
      onBlur: (event: FocusEvent) => {
        // A dialog that was opened from the tools gives the focus back to them.
        if (rowOf(event.relatedTarget) === null && event.relatedTarget !== null && !isInDialog(event.relatedTarget)) {
          setFocused(null);
        }
      },
      onPointerOver: (event: PointerEvent) => {
        if (event.pointerType === 'mouse') setPointed(rowOf(event.target)?.dataset['id'] ?? null);
      },
      onPointerLeave: () => {
        setPointed(null);
      },
      onClick: (event: React.MouseEvent) => {
        const row = rowOf(event.target);
        const isControl = event.target instanceof Element && event.target.closest('a, button') !== null;
        if (isControl || matchMedia('(hover: hover)').matches) return;
        const id = row?.dataset['id'] ?? null;
        setFocused((current) => (current === id ? null : id));
      },
    }),
    [onKeyDown],
  );
  return { selected: pointed ?? focused, handlers };
}

function isInDialog(target: EventTarget): boolean {
  return target instanceof Element && target.closest('dialog') !== null;
}
