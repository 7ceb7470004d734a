/** What the list of rooms and people is made of. */

import type { ReactNode } from 'react';
import { addressOf, privateRoom, type Person, type RoomKey } from '../state/index.ts';
import { Avatar } from './Avatar.tsx';
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
        <span className="row-name" dir="auto">
          {title}
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
