/** Which rooms are open, which of them is in front, and what is read by being seen. */

import { addressOf, GENERAL, type RoomKey } from '@parlor/client/protocol';
import type { ClientEvent } from '@parlor/client';
import { atEnd } from './kept.ts';
import type { AppState, RememberedRoom } from './model.ts';
import { refusal } from './notices.ts';
import { upsert } from './people.ts';
import { newRoom, onRead } from './room.ts';
import { addRoom, changeRoom, removalOf, shut } from './rooms.ts';

export function withRoom(state: AppState, key: RoomKey): AppState {
  const room = state.rooms[key];
  if (room !== undefined) {
    return room.phase === 'joining' ? state : changeRoom(state, key, (known) => ({ ...known, phase: 'joining' }));
  }
  return addRoom(state, newRoom(key, state.closed[key]?.read ?? null));
}

/** Notes how far a private room was read, for when it comes back. */
export function close(state: AppState, key: RoomKey): AppState {
  const room = state.rooms[key];
  if (room === undefined || addressOf(key).kind !== 'private') return state;
  return { ...state, closed: { ...state.closed, [key]: { at: room.at, read: room.read } } };
}

/** Nobody is told of a private room that was joined for them; it is joined when they open it. */
export function joinFailed(state: AppState, { room, error }: Extract<ClientEvent, { type: 'joinFailed' }>): AppState {
  const removal = removalOf(error);
  if (removal !== null) return shut(state, room, removal);
  if (room === GENERAL) return refusal(state, error);
  const isAside = addressOf(room).kind === 'private' && room !== state.active;
  if (!isAside) return refusal(removeRoom(state, room), error);
  return error.reason === 'tooManyRooms'
    ? changeRoom(state, room, (known) => ({ ...known, phase: 'listed' }))
    : removeRoom(state, room);
}

export function removeRoom(state: AppState, key: RoomKey): AppState {
  const { [key]: removed, ...rooms } = state.rooms;
  const order = state.order.filter((other) => other !== key);
  const next = { ...state, rooms, order };
  return state.active === key ? readActive(activate(next, GENERAL)) : next;
}

export function remember(state: AppState, remembered: RememberedRoom): AppState {
  const { key, name, at = null, read = null, closed } = remembered;
  if (state.rooms[key] !== undefined) return state;
  const address = addressOf(key);
  const named =
    address.kind === 'private' && name !== undefined
      ? upsert(state, { UUID: address.userUUID, Username: name })
      : state;
  if (closed === true) return { ...named, closed: { ...named.closed, [key]: { at, read } } };
  return addRoom(named, { ...newRoom(key, read, address.kind === 'private' ? 'listed' : 'joining'), at });
}

export function activate(state: AppState, key: RoomKey): AppState {
  // Of a room that nobody looks at only the latest messages are worth keeping.
  const left =
    state.active === key ? state : changeRoom(state, state.active, (room) => ({ ...atEnd(room), marker: null, following: true }));
  const opened = changeRoom(withRoomIfMissing(left, key), key, (room) => ({ ...atEnd(room), following: true }));
  return markActive({ ...opened, active: key });
}

function withRoomIfMissing(state: AppState, key: RoomKey): AppState {
  return state.rooms[key] === undefined ? withRoom(state, key) : state;
}

/** Draws the line "new" where somebody goes on reading. */
export function markActive(state: AppState): AppState {
  if (!state.attentive) return state;
  return changeRoom(state, state.active, (room) =>
    room.unread > 0 && room.read?.epoch === room.epoch ? { ...room, marker: room.read.seq } : room,
  );
}

/** What stands on a page that somebody looks at has been read. */
export function readActive(state: AppState): AppState {
  if (!state.attentive) return state;
  return changeRoom(state, state.active, (room) =>
    room.following && room.phase === 'joined' ? onRead(room) : room,
  );
}

/** Draws it before what comes while somebody reads further up. */
export function markUnseen(state: AppState): AppState {
  return state.rooms[state.active]?.following === false ? markActive(state) : state;
}
