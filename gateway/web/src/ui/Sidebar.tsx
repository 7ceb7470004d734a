import { useEffect, useRef, type KeyboardEvent } from 'react';
import type { Person, RoomKey } from '../state/index.ts';
import { Avatar } from './Avatar.tsx';
import { useDialogs } from './dialogs.ts';
import { Icon, Logo } from './Icon.tsx';
import { PersonRow, RoomRow, Section } from './SidebarRows.tsx';
import { text } from './text.ts';
import { ThemeSwitch } from './ThemeSwitch.tsx';
import { useApp, useSelect } from './useApp.ts';
import { useSidebarFilter, type SidebarFilter } from './useSidebarFilter.ts';

interface SidebarProps {
  /** On a narrow page it lies over the room. */
  isDrawer: boolean;
  isOpen: boolean;
  onClose: () => void;
}

export function Sidebar({ isDrawer, isOpen, onClose }: SidebarProps) {
  const active = useSelect((state) => state.active);
  const app = useApp();
  const open = useDialogs();
  const panel = useRef<HTMLElement>(null);
  const filter = useSidebarFilter();

  useEffect(() => {
    if (isDrawer && isOpen) panel.current?.querySelector<HTMLElement>('[aria-current="page"], button')?.focus();
  }, [isDrawer, isOpen]);

  const show = (key: RoomKey): void => {
    app.open(key);
    filter.set('');
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
        <button
          type="button"
          className="icon-button"
          aria-label={text.switcher.open}
          aria-keyshortcuts="Control+K Meta+K"
          title={`${text.switcher.open} (${text.switcher.keys})`}
          data-testid="open-switcher"
          onClick={() => {
            open({ kind: 'switcher' });
          }}
        >
          <Icon name="search" />
        </button>
        {isDrawer && (
          <button type="button" className="icon-button" aria-label={text.nav.close} onClick={onClose}>
            <Icon name="close" />
          </button>
        )}
      </header>
      <div className="sidebar-body">
        {filter.isOffered && <FilterField filter={filter} onShow={show} />}
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
          {filter.rooms.map((key) => (
            <RoomRow key={key} room={key} isActive={key === active} onShow={show} />
          ))}
          {filter.rooms.length === 0 && <li className="list-empty">{text.nav.noRoomMatch}</li>}
        </Section>
        {filter.direct.length > 0 && (
          <Section title={text.nav.direct}>
            {filter.direct.map((key) => (
              <RoomRow key={key} room={key} isActive={key === active} onShow={show} />
            ))}
          </Section>
        )}
        <People shown={filter.people} isFiltered={filter.isOn} onShow={show} />
      </div>
      <Me />
    </nav>
  );
}

/** Enter goes to the first that is left, Escape shows all again. */
function FilterField({ filter, onShow }: { filter: SidebarFilter; onShow: (key: RoomKey) => void }) {
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.nativeEvent.isComposing) return;
    if (event.key === 'Enter' && filter.isOn && filter.first !== null) {
      onShow(filter.first);
    } else if (event.key === 'Escape' && filter.isOn) {
      // Only an empty field lets go of the list itself, on a phone.
      event.stopPropagation();
      filter.set('');
    } else {
      return;
    }
    event.preventDefault();
  };
  return (
    <div className="sidebar-filter">
      <Icon name="search" />
      <input
        role="searchbox"
        value={filter.query}
        maxLength={64}
        autoComplete="off"
        placeholder={text.nav.filter}
        aria-label={text.nav.filter}
        data-testid="sidebar-filter"
        onChange={(event) => {
          filter.set(event.target.value);
        }}
        onKeyDown={onKeyDown}
      />
    </div>
  );
}

interface PeopleProps {
  shown: readonly Person[];
  isFiltered: boolean;
  onShow: (key: RoomKey) => void;
}

function People({ shown, isFiltered, onShow }: PeopleProps) {
  const app = useApp();
  const open = useDialogs();
  const hasMore = useSelect((state) => state.listed.length < state.listedTotal);
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
      {shown.map((person) => (
        <PersonRow key={person.uuid} person={person} onShow={onShow} />
      ))}
      {shown.length === 0 && <li className="list-empty">{isFiltered ? text.nav.noMatch : text.nav.nobody}</li>}
      {hasMore && (
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
        title={text.nav.profile}
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
          <span className="visually-hidden">{text.nav.profile}</span>
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
