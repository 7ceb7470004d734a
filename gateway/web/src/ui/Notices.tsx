import { useEffect } from 'react';
import type { Notice } from '../state/index.ts';
import { Icon } from './Icon.tsx';
import { errorText, text } from './text.ts';
import { useApp, useSelect } from './useApp.ts';
import { titleOf } from './useRoomTitle.ts';

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
  const { id, room } = notice;
  const title = useSelect((state) => (room === null ? '' : titleOf(state, room)));
  const words = notice.kind === 'mention' ? text.notice.mention(notice.text, title) : errorText({ code: 0, error: notice.text, ...(notice.reason === null ? {} : { reason: notice.reason }) });
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
      <Icon name={notice.kind === 'mention' ? 'at' : 'alert'} />
      <span>{words}</span>
      {room !== null && (
        <button
          type="button"
          className="button button-quiet"
          data-testid="notice-open"
          onClick={() => {
            app.open(room);
            app.dismiss(id);
          }}
        >
          {text.notice.open}
        </button>
      )}
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
