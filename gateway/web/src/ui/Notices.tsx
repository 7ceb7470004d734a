import { useEffect } from 'react';
import type { Notice } from '../state/index.ts';
import { Icon } from './Icon.tsx';
import { text } from './text.ts';
import { useApp, useSelect } from './useApp.ts';

const SHOWN_MS = 7_000;

export function Notices() {
  const notices = useSelect((state) => state.notices);
  return (
    <div className="notices" role="status" aria-label={text.notice.label} data-testid="notices">
      {notices.map((notice) => (
        <NoticeCard key={notice.id} notice={notice} />
      ))}
    </div>
  );
}

function NoticeCard({ notice }: { notice: Notice }) {
  const app = useApp();
  const { id } = notice;
  useEffect(() => {
    const timer = setTimeout(() => {
      app.dismiss(id);
    }, SHOWN_MS);
    return () => {
      clearTimeout(timer);
    };
  }, [app, id]);
  return (
    <div className="notice">
      <Icon name="alert" />
      <span>{notice.text}</span>
      <button
        type="button"
        className="icon-button"
        aria-label={text.notice.dismiss}
        onClick={() => {
          app.dismiss(id);
        }}
      >
        <Icon name="close" />
      </button>
    </div>
  );
}
