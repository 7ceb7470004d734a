import { useMemo, useState } from 'react';
import { otherPeople, privateRoom, roomsOfKind, type Person, type RoomKey } from '../state/index.ts';
import { folded } from './places.ts';
import { useSelect } from './useApp.ts';
import { titleOf } from './useRoomTitle.ts';

/** With fewer rooms and people than this, a field to find one only takes their place. */
const OFFERED_FROM = 9;

export interface SidebarFilter {
  /** Whether the field is worth its place. */
  readonly isOffered: boolean;
  /** Whether something is left out. */
  readonly isOn: boolean;
  readonly query: string;
  readonly set: (query: string) => void;
  readonly rooms: readonly RoomKey[];
  /** The private rooms. */
  readonly direct: readonly RoomKey[];
  readonly people: readonly Person[];
  readonly first: RoomKey | null;
}

/** The list of rooms and people, or what of it holds the words that somebody types. */
export function useSidebarFilter(): SidebarFilter {
  const order = useSelect((state) => state.order);
  const people = useSelect((state) => state.people);
  const listed = useSelect((state) => state.listed);
  const me = useSelect((state) => state.me);
  const [query, set] = useState('');
  const all = useMemo(
    () => ({
      rooms: roomsOfKind(order, 'open'),
      direct: roomsOfKind(order, 'private'),
      people: otherPeople({ people, listed, me }),
    }),
    [order, people, listed, me],
  );
  const isOffered = all.rooms.length + all.direct.length + all.people.length >= OFFERED_FROM;
  // A field that is gone must not go on hiding rooms.
  const wanted = isOffered ? folded(query.trim()) : '';
  const shown = useMemo(() => {
    if (wanted === '') return all;
    const fits = (name: string): boolean => folded(name).includes(wanted);
    const isFitting = (key: RoomKey): boolean => fits(titleOf({ people }, key));
    return {
      rooms: all.rooms.filter(isFitting),
      direct: all.direct.filter(isFitting),
      people: all.people.filter(({ name, username }) => fits(name) || fits(username)),
    };
  }, [all, people, wanted]);
  const person = shown.people[0];
  const first = shown.rooms[0] ?? shown.direct[0] ?? (person === undefined ? null : privateRoom(person.uuid));
  return { ...shown, isOffered, isOn: wanted !== '', query, set, first };
}
