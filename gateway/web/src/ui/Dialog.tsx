import { useEffect, useRef, type ReactNode } from 'react';
import { Icon } from './Icon.tsx';
import { text } from './text.ts';

interface DialogProps {
  title: string;
  testId: string;
  onClose: () => void;
  children: ReactNode;
}

/** A modal dialog: the browser keeps the focus inside and closes it with Escape. */
export function Dialog({ title, testId, onClose, children }: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const element = dialog.current;
    if (element === null || element.open) return;
    element.showModal();
    element.querySelector<HTMLElement>('[data-autofocus]')?.focus();
  }, []);
  return (
    <dialog
      ref={dialog}
      className="dialog"
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
          <h2 id={`${testId}-title`}>{title}</h2>
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
