import { useEffect, useMemo, useRef, useState, type KeyboardEvent } from 'react';
import { addressOf } from '../../state/index.ts';
import { Avatar } from '../Avatar.tsx';
import { Dialog } from '../Dialog.tsx';
import { Icon } from '../Icon.tsx';
import { bestPlaces, placesOf, type Place } from '../places.ts';
import { text } from '../text.ts';
import { useApp, useSelect } from '../useApp.ts';
import './switcher.css';

const MOST_PLACES = 30;
/** The server is asked for people that nobody here knows, from this many letters on. */
const ASK_FROM_CHARACTERS = 2;
const ASK_AFTER_MS = 200;
const LIST_ID = 'switcher-list';

interface SwitcherProps {
  onClose: () => void;
  onOpened: () => void;
}

/** Goes to a room or a person by the beginning of their name. The focus stays in the field. */
export default function Switcher({ onClose, onOpened }: SwitcherProps) {
  const app = useApp();
  const [query, setQuery] = useState('');
  const [chosen, setChosen] = useState(0);
  const places = usePlaces(query);
  const index = Math.min(chosen, places.length - 1);

  useEffect(() => {
    app.loadDirectory();
  }, [app]);

  useEffect(() => {
    const wanted = query.trim();
    if (wanted.length < ASK_FROM_CHARACTERS) return;
    // Whom it finds is known from then on, and shows below.
    const timer = setTimeout(() => {
      void app.account.find(wanted);
    }, ASK_AFTER_MS);
    return () => {
      clearTimeout(timer);
    };
  }, [app, query]);

  const go = (place: Place | undefined): void => {
    if (place === undefined) return;
    app.open(place.room);
    onOpened();
  };

  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.nativeEvent.isComposing) return;
    if (event.key === 'ArrowDown') setChosen((index + 1) % Math.max(1, places.length));
    else if (event.key === 'ArrowUp') setChosen((index - 1 + places.length) % Math.max(1, places.length));
    else if (event.key === 'Enter') go(places[index]);
    else return;
    event.preventDefault();
  };

  return (
    <Dialog title={text.switcher.title} testId="switcher" onClose={onClose}>
      <div className="browser-search">
        <Icon name="search" />
        <input
          data-autofocus
          role="combobox"
          aria-autocomplete="list"
          aria-expanded={places.length > 0}
          aria-controls={LIST_ID}
          aria-activedescendant={places.length > 0 ? optionId(index) : undefined}
          value={query}
          maxLength={64}
          autoComplete="off"
          enterKeyHint="go"
          placeholder={text.switcher.label}
          aria-label={text.switcher.label}
          data-testid="switcher-input"
          onChange={(event) => {
            setQuery(event.target.value);
            setChosen(0);
          }}
          onKeyDown={onKeyDown}
        />
      </div>
      <ul className="list list-tall" id={LIST_ID} role="listbox" aria-label={text.switcher.list} hidden={places.length === 0}>
        {places.map((place, position) => (
          <Option
            key={place.room}
            place={place}
            position={position}
            isChosen={position === index}
            onGo={() => {
              go(place);
            }}
          />
        ))}
      </ul>
      <p className="list-empty switcher-none" role="status" data-testid="switcher-none">
        {places.length === 0 ? text.switcher.none : ''}
      </p>
    </Dialog>
  );
}

function usePlaces(query: string): Place[] {
  const rooms = useSelect((state) => state.rooms);
  const order = useSelect((state) => state.order);
  const people = useSelect((state) => state.people);
  const listed = useSelect((state) => state.listed);
  const me = useSelect((state) => state.me);
  const directory = useSelect((state) => state.directory);
  const active = useSelect((state) => state.active);
  const places = useMemo(
    () => placesOf({ rooms, order, people, listed, me, directory, active }),
    [rooms, order, people, listed, me, directory, active],
  );
  return useMemo(() => bestPlaces(places, query, active, MOST_PLACES), [places, query, active]);
}

interface OptionProps {
  place: Place;
  position: number;
  isChosen: boolean;
  onGo: () => void;
}

function Option({ place, position, isChosen, onGo }: OptionProps) {
  const { room, title, person, isOpen, unread, mentions } = place;
  const row = useRef<HTMLLIElement>(null);
  const { kind } = addressOf(room);
  useEffect(() => {
    if (isChosen) row.current?.scrollIntoView({ block: 'nearest' });
  }, [isChosen]);
  return (
    <li
      ref={row}
      id={optionId(position)}
      className="row switcher-option"
      role="option"
      aria-selected={isChosen}
      data-testid="switcher-option"
      data-room={room}
      onClick={onGo}
    >
      {kind === 'private' ? (
        <Avatar id={person?.uuid ?? room} name={title} size="small" online={person?.online ?? false} />
      ) : (
        <span className="row-mark" aria-hidden="true">
          <Icon name={kind === 'general' ? 'globe' : 'hash'} />
        </span>
      )}
      <span className="row-name" dir="auto">
        {title}
      </span>
      {person !== null && person.name !== person.username && <span className="row-note">{person.username}</span>}
      {!isOpen && kind === 'named' && <span className="row-note">{text.switcher.join}</span>}
      {unread > 0 && (
        <span className={mentions > 0 ? 'badge badge-mention' : 'badge'}>
          <span aria-hidden="true">{unread > 99 ? '99+' : unread}</span>
          <span className="visually-hidden">{text.nav.unread(unread)}</span>
        </span>
      )}
    </li>
  );
}

function optionId(position: number): string {
  return `switcher-${position}`;
}
