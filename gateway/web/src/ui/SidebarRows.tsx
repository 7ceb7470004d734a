/** What the list of rooms and people is made of. */

import type { ReactNode } from 'react';
import { addressOf, latestOf, privateRoom, type Message, type Person, type Room, type RoomKey } from '../state/index.ts';
import { Avatar } from './Avatar.tsx';
import { briefTime } from './grouping.ts';
import { Icon } from './Icon.tsx';
import { text } from './text.ts';
import { useSelect } from './useApp.ts';
import { useRoomTitle } from './useRoomTitle.ts';

export function Section({ title, action, children }: { title: string; action?: ReactNode; children: ReactNode }) {
  return (
    <section className="section">
      <header className="section-head">
        <h2>{title}</h2>
        {action}
      </header>
      <ul className="list">{children}</ul>
    </section>
  );
}

interface RoomRowProps {
  room: RoomKey;
  isActive: boolean;
  onShow: (key: RoomKey) => void;
}

/** A room that is open, and what is new in it. */
export function RoomRow({ room, isActive, onShow }: RoomRowProps) {
  const title = useRoomTitle(room);
  const unread = useSelect((state) => state.rooms[room]?.unread ?? 0);
  const mentions = useSelect((state) => state.rooms[room]?.mentions ?? 0);
  const isOut = useSelect((state) => state.rooms[room]?.phase === 'removed');
  // Whoever looks at a room sees what they began to write there.
  const isBegun = useSelect((state) => !isActive && (state.drafts[room] ?? '').trim() !== '');
  const isInvite = useSelect((state) => state.rooms[room]?.settings.access === 'invite');
  const last = useSelect((state) => lastOf(state.rooms[room]));
  const address = addressOf(room);
  const partner = useSelect((state) =>
    address.kind === 'private' ? state.people[address.userUUID] : undefined,
  );
  return (
    <li>
      <button
        type="button"
        className={['row', unread > 0 && 'row-unread', isOut && 'row-out'].filter(Boolean).join(' ')}
        aria-current={isActive ? 'page' : undefined}
        data-testid="room-row"
        data-room={room}
        onClick={() => {
          onShow(room);
        }}
      >
        {address.kind === 'private' ? (
          <Avatar id={address.userUUID} name={title} size="small" online={partner?.online ?? false} />
        ) : (
          <span className="row-mark" aria-hidden="true">
            <Icon name={isOut || isInvite ? 'lock' : address.kind === 'general' ? 'globe' : 'hash'} />
          </span>
        )}
        <span className="row-lines">
          <span className="row-line">
            <span className="row-name" dir="auto" data-testid="room-name">
              {title}
            </span>
            {last !== undefined && <LastTime at={last.CreatedAt} />}
          </span>
          {last !== undefined && <LastWords last={last} isPrivate={address.kind === 'private'} />}
        </span>
        {isBegun && (
          <span className="row-draft" data-testid="draft">
            <Icon name="pencil" />
            <span className="visually-hidden">{text.nav.draft}</span>
          </span>
        )}
        {mentions > 0 && (
          <span className="badge badge-mention" data-testid="mentions">
            <span aria-hidden="true">@{mentions > 99 ? '99+' : mentions}</span>
            <span className="visually-hidden">{text.nav.mentions(mentions)}</span>
          </span>
        )}
        {unread > 0 && (
          <span className="badge" data-testid="unread">
            <span aria-hidden="true">{unread > 99 ? '99+' : unread}</span>
            <span className="visually-hidden">{text.nav.unread(unread)}</span>
          </span>
        )}
      </button>
    </li>
  );
}

function lastOf(room: Room | undefined): Message | undefined {
  return room === undefined || room.phase === 'removed' ? undefined : latestOf(room).at(-1);
}

function LastTime({ at }: { at: string }) {
  return (
    <time className="row-time" dateTime={at}>
      {briefTime(new Date(at), new Date())}
    </time>
  );
}

/** What was said last, and by whom, where that does not go without saying. */
function LastWords({ last, isPrivate }: { last: Message; isPrivate: boolean }) {
  const isOwn = useSelect((state) => last.SenderUUID === state.me?.userUUID);
  const name = useSelect((state) => state.people[last.SenderUUID]?.name ?? last.Sender.DisplayName ?? last.Sender.Username);
  const words = wordsFor(last);
  const by = isOwn ? text.timeline.you : isPrivate ? null : name;
  return (
    <span className="row-last" dir="auto" data-testid="last-message">
      {by === null ? words : text.nav.last(by, words)}
    </span>
  );
}

function wordsFor({ Deleted, Poll: poll, Photo: photo, Message: words }: Message): string {
  if (Deleted === true) return text.timeline.deleted;
  if (poll !== undefined) return text.poll.label(words);
  return words === '' && photo !== undefined ? text.timeline.photo : words;
}

export function PersonRow({ person, onShow }: { person: Person; onShow: (key: RoomKey) => void }) {
  return (
    <li>
      <button
        type="button"
        className="row"
        data-testid="person"
        data-name={person.name}
        data-online={person.online}
        onClick={() => {
          onShow(privateRoom(person.uuid));
        }}
      >
        <Avatar id={person.uuid} name={person.name} size="small" online={person.online} />
        <span className="row-name" dir="auto">
          {person.name}
        </span>
        {person.guest && <span className="row-note">{text.nav.guest}</span>}
        <span className="visually-hidden">{person.online ? text.nav.online : text.nav.offline}</span>
      </button>
    </li>
  );
}
