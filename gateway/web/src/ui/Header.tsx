import { useMemo, useState, type RefObject } from 'react';
import { activeRoom, addressOf, partnerOf, totalUnread, type AppState } from '../state/index.ts';
import { Avatar } from './Avatar.tsx';
import { Dialog } from './Dialog.tsx';
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
  const [isMembersOpen, setMembersOpen] = useState(false);
  const { kind } = addressOf(key);
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
        <h2 data-testid="room-title" dir="auto">
          {title}
        </h2>
        {kind === 'private' ? (
          <p data-testid="partner-status">{partner?.online === true ? text.room.private.online : text.room.private.offline}</p>
        ) : (
          <p data-testid="occupancy">{phase === 'joined' ? text.room.people(total) : text.room.joining}</p>
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
            setMembersOpen(true);
          }}
        >
          <Icon name="people" />
        </button>
      )}
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
      {isMembersOpen && (
        <Members
          onClose={() => {
            setMembersOpen(false);
          }}
        />
      )}
    </header>
  );
}

const NOBODY: readonly string[] = [];

function Members({ onClose }: { onClose: () => void }) {
  const app = useApp();
  const members = useSelect((state) => activeRoom(state)?.members ?? NOBODY);
  const total = useSelect((state) => activeRoom(state)?.membersTotal ?? 0);
  const people = useSelect((state: AppState) => state.people);
  const me = useSelect((state) => state.me?.userUUID);
  const sorted = useMemo(
    () =>
      members
        .map((uuid) => people[uuid])
        .filter((person) => person !== undefined)
        .sort((a, b) => a.name.localeCompare(b.name)),
    [members, people],
  );
  return (
    <Dialog title={text.room.members} testId="members-dialog" onClose={onClose}>
      <ul className="list list-tall">
        {sorted.map((person) => (
          <li key={person.uuid}>
            <button
              type="button"
              className="row"
              disabled={person.uuid === me}
              onClick={() => {
                app.openPrivate(person.uuid);
                onClose();
              }}
            >
              <Avatar id={person.uuid} name={person.name} online={person.online} />
              <span className="row-name" dir="auto">
                {person.name}
              </span>
              {person.uuid === me && <span className="row-note">{text.nav.you}</span>}
              {person.guest && <span className="row-note">{text.nav.guest}</span>}
            </button>
          </li>
        ))}
      </ul>
      {total > sorted.length && <p className="hint">{text.room.membersMore(total - sorted.length)}</p>}
    </Dialog>
  );
}
