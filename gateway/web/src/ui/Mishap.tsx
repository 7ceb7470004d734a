import { Component, useEffect, type ReactNode } from 'react';
import { text } from './text.ts';
import { useApp } from './useApp.ts';

interface MishapProps {
  /** What is shown in place of what could not be. */
  fallback: ReactNode;
  children: ReactNode;
}

/** Keeps an error of a part of the page to that part. React knows no other way than a class. */
export class Mishap extends Component<MishapProps, { hasFailed: boolean }> {
  override state = { hasFailed: false };

  static getDerivedStateFromError(): { hasFailed: boolean } {
    return { hasFailed: true };
  }

  override render(): ReactNode {
    return this.state.hasFailed ? this.props.fallback : this.props.children;
  }
}

/** In place of the whole page. */
export function PageMishap() {
  return (
    <main className="mishap" data-testid="page-mishap">
      <h1>{text.mishap.page}</h1>
      <p role="alert">{text.mishap.kept}</p>
      <button
        type="button"
        className="button button-primary"
        data-testid="reload"
        onClick={() => {
          location.reload();
        }}
      >
        {text.mishap.reload}
      </button>
    </main>
  );
}

/** In place of a dialog that could not be loaded: mostly one of a version that the server has no more. */
export function DialogMishap({ onClose }: { onClose: () => void }) {
  const app = useApp();
  useEffect(() => {
    const isConnected = app.store.getState().status.name === 'ready';
    app.notice(isConnected ? text.mishap.dialog : text.mishap.dialogOffline);
    onClose();
    // Once: it is gone with this.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, []);
  return null;
}
