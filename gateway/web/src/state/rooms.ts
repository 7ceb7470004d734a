/** The rooms of the list: added, changed, removed, in order. */

import { addressOf, type ErrorBody, type Removed, type RoomKey } from '@parlor/client/protocol';
import type { AppState, Removal, Room } from './model.ts';

export function changeRoom(state: AppState, key: RoomKey, change: (room: Room) => Room): AppState {
  const room = state.rooms[key];
  if (room === undefined) return state;
  const next = change(room);
  return next === room ? state : { ...state, rooms: { ...state.rooms, [key]: next } };
}

export function addRoom(state: AppState, room: Room): AppState {
  const { [room.key]: reopened, ...closed } = state.closed;
  return {
    ...state,
    rooms: { ...state.rooms, [room.key]: room },
    order: [...state.order, room.key],
    closed: reopened === undefined ? state.closed : closed,
  };
}

/** Puts the private rooms last, the latest of them first; one in which nothing was said yet is new. */
export function inOrder(state: AppState): AppState {
  const isPrivate = (key: RoomKey): boolean => addressOf(key).kind === 'private';
  const at = (key: RoomKey): number => state.rooms[key]?.at ?? Number.MAX_VALUE;
  const order = [
    ...state.order.filter((key) => !isPrivate(key)),
    ...state.order.filter(isPrivate).sort((a, b) => at(b) - at(a)),
  ];
  return order.every((key, index) => key === state.order[index]) ? state : { ...state, order };
}

export function timeOf(text: string | undefined): number | null {
  const ms = text === undefined ? NaN : Date.parse(text);
  return Number.isNaN(ms) ? null : ms;
}

/** When a mute ends, in ms since 1970: `Infinity` for one without an end, `null` for none. */
export function muteEnd(isMuted: boolean, until: string | undefined): number | null {
  return isMuted ? (timeOf(until) ?? Infinity) : null;
}

/** We were put out of it, and it stays in the list to say so. */
export function onRemoved(state: AppState, { why, until, reason }: Removed, key: RoomKey): AppState {
  const removal: Removal = {
    why: why === 'banned' || why === 'closed' ? why : 'kicked',
    until: timeOf(until),
    reason: reason === undefined || reason === '' ? null : reason,
  };
  return shut(state, key, removal);
}

/** Nobody is in it any more as far as this page knows, and nothing of it is news. */
export function shut(state: AppState, key: RoomKey, removal: Removal): AppState {
  return changeRoom(state, key, (room) => ({
    ...room,
    phase: 'removed',
    removal,
    members: [],
    membersTotal: 0,
    typists: [],
    unread: 0,
    mentions: 0,
    marker: null,
  }));
}

/** Errors of a join that a person should see where the room would be. */
export function removalOf(error: ErrorBody): Removal | null {
  const why = ({ banned: 'banned', roomClosed: 'closed', invitedOnly: 'invitedOnly' } as const)[error.reason ?? ''];
  return why === undefined ? null : { why, until: timeOf(error.until), reason: null };
}
