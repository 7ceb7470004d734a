/** Where somebody can go, and which of these places fit what they type. */

import { addressOf, namedRoom, otherPeople, privateRoom, roomsOfKind, type AppState, type Person, type RoomKey } from '../state/index.ts';
import { titleOf } from './useRoomTitle.ts';

export interface Place {
  readonly room: RoomKey;
  readonly title: string;
  /** Who is written to there; `null` in a room for all. */
  readonly person: Person | null;
  /** Whether it stands in the list of rooms already. */
  readonly isOpen: boolean;
  readonly unread: number;
  readonly mentions: number;
}

type Known = Pick<AppState, 'rooms' | 'order' | 'people' | 'listed' | 'me' | 'directory' | 'active'>;

/** The rooms that are open, then everybody else, then the rooms that could be joined. */
export function placesOf(state: Known): Place[] {
  const open = [...roomsOfKind(state.order, 'open'), ...roomsOfKind(state.order, 'private')];
  const people = otherPeople(state).map(({ uuid }) => privateRoom(uuid));
  const named = state.directory.rooms.map(({ room }) => namedRoom(room));
  return [...new Set([...open, ...people, ...named])].map((room) => placeOf(state, room));
}

function placeOf(state: Known, key: RoomKey): Place {
  const address = addressOf(key);
  const room = state.rooms[key];
  return {
    room: key,
    title: titleOf(state, key),
    person: address.kind === 'private' ? (state.people[address.userUUID] ?? null) : null,
    isOpen: room !== undefined,
    unread: room?.unread ?? 0,
    mentions: room?.mentions ?? 0,
  };
}

/**
 * The best first. Without a query those with something new come before the others, and the one
 * that is shown now comes last: nobody asks for the way to where they are.
 */
export function bestPlaces(places: readonly Place[], query: string, active: RoomKey, most: number): Place[] {
  const wanted = folded(query.trim());
  const rank = (place: Place): number => (wanted === '' ? urgency(place, active) : fit(place, wanted));
  return places
    .map((place) => ({ place, rank: rank(place) }))
    .filter((it) => it.rank !== Infinity)
    .sort((a, b) => a.rank - b.rank)
    .slice(0, most)
    .map(({ place }) => place);
}

function urgency({ room, mentions, unread, isOpen }: Place, active: RoomKey): number {
  if (room === active) return 4;
  if (mentions > 0) return 0;
  if (unread > 0) return 1;
  return isOpen ? 2 : 3;
}

/** 0 for a name that begins so, 1 for one with a word that does, 2 where it stands inside. */
function fit({ title, person }: Place, wanted: string): number {
  const names = [title, person?.username ?? ''].map(folded);
  if (names.some((name) => name.startsWith(wanted))) return 0;
  if (names.some((name) => name.split(/[\s._-]/u).some((word) => word.startsWith(wanted)))) return 1;
  return names.some((name) => name.includes(wanted)) ? 2 : Infinity;
}

/** Whatever the case and the accents: nobody types them in a hurry. */
export function folded(text: string): string {
  return text.normalize('NFD').replace(/\p{M}/gu, '').toLocaleLowerCase();
}
