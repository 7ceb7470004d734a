import { useEffect, useMemo, useState } from 'react';
import { activeRoom, latestOf, markOf, outgoingOf, type Message, type Outgoing } from '../state/index.ts';
import { Announcer } from './Announcer.tsx';
import { dayName, itemsOf, type Item } from './grouping.ts';
import { Icon } from './Icon.tsx';
import { MessageRow, OutgoingRow } from './MessageRow.tsx';
import { text } from './text.ts';
import { Beginning, Ending, Skeleton } from './TimelineEnds.tsx';
import { useApp, useSelect } from './useApp.ts';
import { useJump } from './useJump.ts';
import { useMessageFocus } from './useMessageFocus.ts';
import { useRoomTitle } from './useRoomTitle.ts';
import { useRows } from './useRows.ts';

const NO_MESSAGES: readonly Message[] = [];
const MARKER_KEY = 'marker';

type Entry = Item | { kind: 'outgoing'; key: string; entry: Outgoing };

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
  const latest = room === undefined ? NO_MESSAGES : latestOf(room);
  const marker = room?.marker ?? null;
  const hasMore = room?.more ?? false;
  const isComplete = room?.latest === null;
  const entries = useMemo((): Entry[] => {
    const items: Entry[] = itemsOf(messages, marker, hasMore);
    // What we say goes behind the room's last message, which may not be here.
    const outgoing = isComplete ? outgoingOf(outbox, key) : [];
    return [...items, ...outgoing.map((entry) => ({ kind: 'outgoing' as const, key: entry.id, entry }))];
  }, [messages, marker, hasMore, isComplete, outbox, key]);
  const rows = useMemo(() => entries.map((it) => ({ key: it.key, isSteady: it.kind === 'message' })), [entries]);
  const markerRow = useMemo(() => entries.findIndex((it) => it.key === MARKER_KEY), [entries]);
  const isFollowing = room?.following ?? true;

  // The row that has the focus.
  const [focused, setFocused] = useState<string | null>(null);
  // The line "new" that lies above what is in sight, and the one that was seen.
  const [unseen, setUnseen] = useState<number | null>(null);
  const [seen, setSeen] = useState<number | null>(null);

  const { viewport, list, parts, onScroll, toEnd, reveal, lastInSight, isAbove } = useRows({
    rows,
    pinned: focused,
    isFollowing,
    isComplete,
    setFollowing: (following) => {
      app.setFollowing(key, following);
    },
    onNearStart: () => {
      // A failed page is asked for by a person, never over and over by the page itself.
      if (room?.older === 'idle' && room.more) void app.history.older(key);
    },
    onNearEnd: () => {
      if (room?.newer === 'idle') void app.history.newer(key);
    },
    onLook: () => {
      const isFurtherUp = marker !== null && markerRow === -1 && (messages[0]?.Seq ?? 0) > marker;
      const isHidden = markerRow === -1 ? isFurtherUp : isAbove(markerRow);
      if (!isHidden && markerRow !== -1) setSeen(marker);
      setUnseen(isHidden ? marker : null);
    },
  });

  const { target, toMessage, toFirstBehind } = useJump(key, reveal);
  const { selected, handlers } = useMessageFocus({ viewport, rows, focused, setFocused, reveal, lastInSight });
  const bySeq = useMemo(() => new Map(messages.map((message) => [message.Seq, message])), [messages]);

  // What had the focus is gone with its row: it stays in the timeline.
  const isFocusGone = focused !== null && !rows.some((row) => row.key === focused);
  useEffect(() => {
    if (isFocusGone) viewport.current?.focus({ preventScroll: true });
  }, [isFocusGone, viewport]);

  const isEmpty = room?.phase === 'joined' && entries.length === 0;
  const now = new Date();

  const draw = (it: Entry) => {
    switch (it.kind) {
      case 'day':
        return (
          <li key={it.key} className="day" data-row={it.key} data-testid="day">
            <span>{dayName(it.date, now, text.timeline)}</span>
          </li>
        );
      case 'marker':
        return (
          <li key={it.key} className="fresh" data-row={it.key} data-testid="new-marker">
            <span>{text.timeline.fresh}</span>
          </li>
        );
      case 'message':
        return (
          <MessageRow
            key={it.key}
            item={it}
            isOwn={it.message.SenderUUID === me}
            mark={markOf(room, it.message.UUID)}
            original={it.message.ReplyTo === undefined ? undefined : bySeq.get(it.message.ReplyTo.Seq)}
            isSelected={selected === it.message.UUID}
            isTarget={target === it.message.Seq}
            onJump={toMessage}
          />
        );
      case 'outgoing':
        return <OutgoingRow key={it.key} entry={it.entry} isOffline={isOffline} />;
    }
  };

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
        <ol className="messages" ref={list}>
          {parts.flatMap((part) =>
            part.isGap
              ? [<li key={`gap ${part.from}`} aria-hidden="true" data-from={part.from} data-to={part.to} />]
              : entries.slice(part.from, part.to).map(draw),
          )}
        </ol>
        {room !== undefined && <Ending room={room} />}
      </div>
      {unseen !== null && unseen !== seen && (
        <button
          type="button"
          className="pill pill-top"
          data-testid="jump-to-unread"
          onClick={() => {
            toFirstBehind(unseen);
          }}
        >
          <Icon name="send" />
          <span>{text.timeline.toUnread}</span>
        </button>
      )}
      {!isFollowing && (
        <button
          type="button"
          className={(room?.unread ?? 0) > 0 ? 'pill pill-bottom pill-fresh' : 'pill pill-bottom'}
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
      <Announcer latest={latest} me={me} />
    </div>
  );
}
