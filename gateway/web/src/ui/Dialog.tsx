import { useEffect, useRef, type ReactNode } from 'react';
import { Icon } from './Icon.tsx';
import { text } from './text.ts';

interface DialogProps {
  title: string;
  testId: string;
  onClose: () => void;
  /** Wider than a list or a form needs. */
  isWide?: boolean;
  children: ReactNode;
}

/** A modal dialog: the browser keeps the focus inside and closes it with Escape. */
export function Dialog({ title, testId, onClose, isWide = false, children }: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  useModal(dialog);
  return (
    <dialog
      ref={dialog}
      className={isWide ? 'dialog dialog-wide' : 'dialog'}
      data-testid={testId}
      aria-labelledby={`${testId}-title`}
      onClose={onClose}
      onClick={(event) => {
        // Only a click beside the content reaches the dialog itself.
        if (event.target === event.currentTarget) event.currentTarget.close();
      }}
    >
      <div className="dialog-content">
        <header className="dialog-head">
          <h2 id={`${testId}-title`} dir="auto">
            {title}
          </h2>
          <button
            type="button"
            className="icon-button"
            aria-label={text.dialog.close}
            onClick={() => dialog.current?.close()}
          >
            <Icon name="close" />
          </button>
        </header>
        {children}
      </div>
    </dialog>
  );
}

/** Opens the dialog, and gives the focus back to where it came from, however it goes. */
export function useModal(dialog: React.RefObject<HTMLDialogElement | null>): void {
  useEffect(() => {
    const element = dialog.current;
    if (element === null || element.open) return;
    const opener = document.activeElement;
    element.showModal();
    element.querySelector<HTMLElement>('[data-autofocus]')?.focus();
    return () => {
      // One that the page takes away itself has not been closed, so nobody got the focus back.
      if (opener instanceof HTMLElement && opener.isConnected) opener.focus();
    };
  }, [dialog]);
}
