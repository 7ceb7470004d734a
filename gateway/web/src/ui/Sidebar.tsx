import { useEffect, useMemo, useRef, useState, type ReactNode } from 'react';
import {
  addressOf,
  otherPeople,
  privateRoom,
  roomsOfKind,
  type Person,
  type RoomKey,
} from '../state/index.ts';
import { Avatar } from './Avatar.tsx';
import { useDialogs } from './dialogs.ts';
import { Icon, Logo } from './Icon.tsx';
import { text } from './text.ts';
import { ThemeSwitch } from './ThemeSwitch.tsx';
import { useApp, useSelect } from './useApp.ts';
import { useRoomTitle } from './useRoomTitle.ts';

/** With fewer people than this a field to find one only takes their place. */
const FILTER_FROM_PEOPLE = 9;

interface SidebarProps {
  /** On a narrow page it lies over the room. */
  isDrawer: boolean;
  isOpen: boolean;
  onClose: () => void;
}

export function Sidebar({ isDrawer, isOpen, onClose }: SidebarProps) {
  const order = useSelect((state) => state.order);
  const active = useSelect((state) => state.active);
  const app = useApp();
  const open = useDialogs();
  const panel = useRef<HTMLElement>(null);
  const openRooms = useMemo(() => roomsOfKind(order, 'open'), [order]);
  const privateRooms = useMemo(() => roomsOfKind(order, 'private'), [order]);

  useEffect(() => {
    if (isDrawer && isOpen) panel.current?.querySelector<HTMLElement>('[aria-current="page"], button')?.focus();
  }, [isDrawer, isOpen]);

  const show = (key: RoomKey): void => {
    app.open(key);
    onClose();
  };

  return (
    <nav
      id="sidebar"
      ref={panel}
      className={isOpen ? 'sidebar sidebar-open' : 'sidebar'}
      aria-label={text.nav.label}
      inert={!isOpen}
      data-testid="sidebar"
    >
      <header className="sidebar-head">
        <Logo />
        {/* Beside the room its title is the page's; a drawer that lies over it has its own. */}
        {isDrawer ? <h1 className="sidebar-title">{text.product}</h1> : <p className="sidebar-title">{text.product}</p>}
        {isDrawer && (
          <button type="button" className="icon-button" aria-label={text.nav.close} onClick={onClose}>
            <Icon name="close" />
          </button>
        )}
      </header>
      <div className="sidebar-body">
        <Section
          title={text.nav.rooms}
          action={
            <button
              type="button"
              className="icon-button icon-button-small"
              aria-label={text.nav.browse}
              title={text.nav.browse}
              data-testid="browse-rooms"
              onClick={() => {
                open({ kind: 'rooms' });
              }}
            >
              <Icon name="plus" />
            </button>
          }
        >
          {openRooms.map((key) => (
            <RoomRow key={key} room={key} isActive={key === active} onShow={show} />
          ))}
        </Section>
        {privateRooms.length > 0 && (
          <Section title={text.nav.direct}>
            {privateRooms.map((key) => (
              <RoomRow key={key} room={key} isActive={key === active} onShow={show} />
            ))}
          </Section>
        )}
        <People onShow={show} />
      </div>
      <Me />
    </nav>
  );
}

function Section({ title, action, children }: { title: string; action?: ReactNode; children: ReactNode }) {
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

function RoomRow({ room, isActive, onShow }: RoomRowProps) {
  const title = useRoomTitle(room);
  const unread = useSelect((state) => state.rooms[room]?.unread ?? 0);
  const mentions = useSelect((state) => state.rooms[room]?.mentions ?? 0);
  const isOut = useSelect((state) => state.rooms[room]?.phase === 'removed');
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

function People({ onShow }: { onShow: (key: RoomKey) => void }) {
  const app = useApp();
  const open = useDialogs();
  const people = useSelect((state) => state.people);
  const listed = useSelect((state) => state.listed);
  const listedTotal = useSelect((state) => state.listedTotal);
  const me = useSelect((state) => state.me);
  const [filter, setFilter] = useState('');
  const others = useMemo(() => otherPeople({ people, listed, me }), [people, listed, me]);
  const wanted = filter.trim().toLocaleLowerCase();
  const shown = wanted === '' ? others : others.filter(({ name }) => name.toLocaleLowerCase().includes(wanted));

  return (
    <Section
      title={text.nav.people}
      action={
        <button
          type="button"
          className="icon-button icon-button-small"
          aria-label={text.people.open}
          title={text.people.open}
          data-testid="find-people"
          onClick={() => {
            open({ kind: 'people' });
          }}
        >
          <Icon name="search" />
        </button>
      }
    >
      {others.length >= FILTER_FROM_PEOPLE && (
        <li className="people-filter">
          <Icon name="search" />
          <input
            type="search"
            value={filter}
            placeholder={text.nav.filterPeople}
            aria-label={text.nav.filterPeople}
            data-testid="people-filter"
            onChange={(event) => {
              setFilter(event.target.value);
            }}
          />
        </li>
      )}
      {shown.map((person) => (
        <PersonRow key={person.uuid} person={person} onShow={onShow} />
      ))}
      {shown.length === 0 && <li className="list-empty">{others.length === 0 ? text.nav.nobody : text.nav.noMatch}</li>}
      {listed.length < listedTotal && (
        <li>
          <button
            type="button"
            className="row row-more"
            onClick={() => {
              app.loadMorePeople();
            }}
          >
            {text.nav.more}
          </button>
        </li>
      )}
    </Section>
  );
}

function PersonRow({ person, onShow }: { person: Person; onShow: (key: RoomKey) => void }) {
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

function Me() {
  const app = useApp();
  const open = useDialogs();
  const me = useSelect((state) => state.me);
  const name = useSelect((state) => state.people[state.me?.userUUID ?? '']?.name ?? state.me?.username ?? '');
  if (me === null) return null;
  const role = me.guest ? text.nav.guest : me.role === undefined || me.role === 'member' ? null : (text.roles[me.role] ?? me.role);
  return (
    <footer className="sidebar-foot">
      <button
        type="button"
        className="me-button"
        title={text.profile.open}
        data-testid="my-profile"
        onClick={() => {
          open({ kind: 'profile' });
        }}
      >
        <Avatar id={me.userUUID} name={name} />
        <span className="me">
          <span className="row-name" dir="auto" data-testid="my-name">
            {name}
          </span>
          {role !== null && <span className="row-note">{role}</span>}
          <span className="visually-hidden">{text.profile.open}</span>
        </span>
      </button>
      <ThemeSwitch />
      <button
        type="button"
        className="icon-button"
        aria-label={text.nav.signOut}
        title={text.nav.signOut}
        data-testid="sign-out"
        onClick={() => {
          app.signOut();
        }}
      >
        <Icon name="leave" />
      </button>
    </footer>
  );
}
