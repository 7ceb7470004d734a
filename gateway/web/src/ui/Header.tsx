import type { RefObject } from 'react';
import { activeRoom, addressOf, partnerOf, totalUnread } from '../state/index.ts';
import { Avatar } from './Avatar.tsx';
import { useDialogs } from './dialogs.ts';
import { Icon } from './Icon.tsx';
import { text } from './text.ts';
import { useApp, useSelect } from './useApp.ts';
import { useRoomTitle } from './useRoomTitle.ts';

interface HeaderProps {
  menuButton: RefObject<HTMLButtonElement | null>;
  isDrawerOpen: boolean;
  onMenu: () => void;
}

export function Header({ menuButton, isDrawerOpen, onMenu }: HeaderProps) {
  const app = useApp();
  const key = useSelect((state) => state.active);
  const title = useRoomTitle(key);
  const partner = useSelect((state) => partnerOf(state, key));
  const total = useSelect((state) => activeRoom(state)?.membersTotal ?? 0);
  const phase = useSelect((state) => activeRoom(state)?.phase);
  const elsewhere = useSelect((state) => totalUnread(state) - (activeRoom(state)?.unread ?? 0));
  const topic = useSelect((state) => activeRoom(state)?.topic ?? '');
  const open = useDialogs();
  const address = addressOf(key);
  const { kind } = address;
  const aboutLabel = kind === 'private' ? text.room.profile : text.room.about;
  const leaveLabel = kind === 'private' ? text.room.closeChat : text.room.leave;

  return (
    <header className="room-head">
      <button
        type="button"
        ref={menuButton}
        className="icon-button menu-button"
        aria-label={text.nav.open}
        aria-expanded={isDrawerOpen}
        aria-controls="sidebar"
        data-testid="menu"
        onClick={onMenu}
      >
        <Icon name="menu" />
        {elsewhere > 0 && <span className="menu-badge" aria-hidden="true" />}
      </button>
      {kind === 'private' ? (
        <Avatar id={partner?.uuid ?? key} name={title} online={partner?.online ?? false} />
      ) : (
        <span className="room-mark" aria-hidden="true">
          <Icon name={kind === 'general' ? 'globe' : 'hash'} />
        </span>
      )}
      <div className="room-title">
        <h1 data-testid="room-title" dir="auto">
          {title}
        </h1>
        {kind === 'private' ? (
          <p data-testid="partner-status">{partner?.online === true ? text.room.private.online : text.room.private.offline}</p>
        ) : (
          <p className="room-line">
            <span data-testid="occupancy">{occupancyOf(phase, total)}</span>
            {topic !== '' && (
              <span className="room-topic" dir="auto" title={topic} data-testid="topic">
                {topic}
              </span>
            )}
          </p>
        )}
      </div>
      {kind !== 'private' && (
        <button
          type="button"
          className="icon-button"
          aria-label={text.room.members}
          title={text.room.members}
          data-testid="members"
          onClick={() => {
            open({ kind: 'room', room: key, tab: 'people' });
          }}
        >
          <Icon name="people" />
        </button>
      )}
      <button
        type="button"
        className="icon-button"
        aria-label={aboutLabel}
        title={aboutLabel}
        data-testid="room-details"
        onClick={() => {
          open(address.kind === 'private' ? { kind: 'person', uuid: address.userUUID } : { kind: 'room', room: key });
        }}
      >
        <Icon name="info" />
      </button>
      {kind !== 'general' && (
        <button
          type="button"
          className="icon-button"
          aria-label={leaveLabel}
          title={leaveLabel}
          data-testid="leave-room"
          onClick={() => {
            app.leave(key);
          }}
        >
          <Icon name={kind === 'private' ? 'close' : 'leave'} />
        </button>
      )}
    </header>
  );
}

function occupancyOf(phase: string | undefined, total: number): string {
  if (phase === 'joined') return text.room.people(total);
  return phase === 'removed' ? text.room.out : text.room.joining;
}
