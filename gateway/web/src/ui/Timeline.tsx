import { useCallback, useMemo, useState } from 'react';
import { activeRoom, addressOf, markOf, outgoingOf, type Message, type Room } from '../state/index.ts';
import { dayName, itemsOf } from './grouping.ts';
import { Icon } from './Icon.tsx';
import { MessageRow, OutgoingRow } from './MessageRow.tsx';
import { text } from './text.ts';
import { useApp, useSelect } from './useApp.ts';
import { useJump } from './useJump.ts';
import { useMessageFocus } from './useMessageFocus.ts';
import { useRoomTitle } from './useRoomTitle.ts';
import { useTimelineScroll } from './useTimelineScroll.ts';

const NO_MESSAGES: readonly Message[] = [];

/** The messages of the active room. Mounted anew for each room. */
export function Timeline() {
  const app = useApp();
  const key = useSelect((state) => state.active);
  const room = useSelect(activeRoom);
  const outbox = useSelect((state) => state.outbox);
  const me = useSelect((state) => state.me?.userUUID);
  const isOffline = useSelect((state) => state.status.name !== 'ready' || state.paused || state.hold !== null);
  const title = useRoomTitle(key);

  const messages = room?.messages ?? NO_MESSAGES;
  const marker = room?.marker ?? null;
  const items = useMemo(() => itemsOf(messages, marker), [messages, marker]);
  const outgoing = useMemo(() => outgoingOf(outbox, key), [outbox, key]);
  const rows = useMemo(() => ({ items, outgoing }), [items, outgoing]);
  const isFollowing = room?.following ?? true;
  // A failed page is asked for by a person, never over and over by the page itself.
  const canLoadOlder = room?.older === 'idle' && room.more;

  const setFollowing = useCallback(
    (following: boolean) => {
      app.setFollowing(key, following);
    },
    [app, key],
  );
  const onNearStart = useCallback(() => {
    if (canLoadOlder) app.loadOlder(key);
  }, [app, key, canLoadOlder]);
  const { viewport, onScroll, toEnd } = useTimelineScroll({ rows, isFollowing, setFollowing, onNearStart });

  const { target, jump } = useJump(viewport, room);
  const { selected, handlers } = useMessageFocus(viewport);
  const bySeq = useMemo(() => new Map(messages.map((message) => [message.Seq, message])), [messages]);

  const isEmpty = room?.phase === 'joined' && messages.length === 0 && outgoing.length === 0;
  const now = new Date();

  return (
    <div className="timeline">
      <div
        className="timeline-viewport"
        ref={viewport}
        onScroll={onScroll}
        {...handlers}
        role="log"
        aria-live="off"
        aria-label={text.timeline.label(title)}
        tabIndex={0}
        data-testid="timeline"
        data-room={key}
      >
        {room !== undefined && <Beginning room={room} title={title} />}
        {room !== undefined && room.phase !== 'joined' && room.phase !== 'removed' && messages.length === 0 && <Skeleton />}
        {isEmpty && <p className="timeline-empty">{text.timeline.empty}</p>}
        <ol className="messages">
          {items.map((item) => {
            switch (item.kind) {
              case 'day':
                return (
                  <li key={item.key} className="day" data-testid="day">
                    <span>{dayName(item.date, now, text.timeline)}</span>
                  </li>
                );
              case 'marker':
                return (
                  <li key={item.key} className="fresh" data-testid="new-marker">
                    <span>{text.timeline.fresh}</span>
                  </li>
                );
              case 'message':
                return (
                  <MessageRow
                    key={item.key}
                    item={item}
                    isOwn={item.message.SenderUUID === me}
                    mark={markOf(room, item.message.UUID)}
                    original={item.message.ReplyTo === undefined ? undefined : bySeq.get(item.message.ReplyTo.Seq)}
                    isSelected={selected === item.message.UUID}
                    isTarget={target === item.message.Seq}
                    onJump={jump}
                  />
                );
            }
          })}
          {outgoing.map((entry) => (
            <OutgoingRow key={entry.id} entry={entry} isOffline={isOffline} />
          ))}
        </ol>
      </div>
      {!isFollowing && (
        <button
          type="button"
          className={(room?.unread ?? 0) > 0 ? 'latest latest-fresh' : 'latest'}
          data-testid="jump-to-latest"
          onClick={() => {
            app.setFollowing(key, true);
            toEnd();
          }}
        >
          <Icon name="down" />
          <span>{(room?.unread ?? 0) > 0 ? text.timeline.latestCount(room?.unread ?? 0) : text.timeline.latest}</span>
        </button>
      )}
      <Announcer messages={messages} me={me} />
    </div>
  );
}

/** What stands above the first message: more to come, or the beginning of the room. */
function Beginning({ room, title }: { room: Room; title: string }) {
  const app = useApp();
  if (room.phase === 'removed' || (room.phase !== 'joined' && room.messages.length === 0)) return null;
  if (!room.more) {
    const isPrivate = addressOf(room.key).kind === 'private';
    return (
      <p className="beginning" data-testid="beginning">
        {isPrivate ? text.timeline.beginningPrivate(title) : text.timeline.beginning(title)}
      </p>
    );
  }
  if (room.older === 'loading') {
    return (
      <p className="beginning" role="status">
        {text.timeline.loadingOlder}
      </p>
    );
  }
  return (
    <p className="beginning">
      <button
        type="button"
        className="button button-quiet"
        data-testid="load-older"
        onClick={() => {
          app.loadOlder(room.key);
        }}
      >
        {room.older === 'failed' ? text.timeline.olderFailed : text.timeline.older}
      </button>
    </p>
  );
}

function Skeleton() {
  return (
    <div className="skeleton" aria-hidden="true">
      {['long', 'short', 'middle', 'long', 'short'].map((width, index) => (
        <div key={index} className="skeleton-row">
          <span className="skeleton-avatar" />
          <span className={`skeleton-line skeleton-${width}`} />
        </div>
      ))}
    </div>
  );
}

/**
 * Reads new messages of others aloud. The log itself stays silent, or a screen reader would begin
 * to read history whenever some is added above.
 */
function Announcer({ messages, me }: { messages: readonly Message[]; me: string | undefined }) {
  const last = messages.at(-1);
  const [from, setFrom] = useState<number | null>(null);
  if (from === null && last !== undefined) setFrom(last.Seq);
  const isNews = last !== undefined && from !== null && last.Seq > from && last.SenderUUID !== me;
  return (
    <div className="visually-hidden" aria-live="polite" data-testid="announcer">
      {isNews ? text.timeline.said(last.Sender.DisplayName ?? last.Sender.Username, wordsFor(last)) : ''}
    </div>
  );
}

function wordsFor(message: Message): string {
  return message.Message === '' && message.Photo !== undefined ? text.timeline.photo : message.Message;
}
