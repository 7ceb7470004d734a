/** What the gateway tells without being asked, and what it counts for us. */

import { keyOf, type RoomDetails, type RoomKey, type Settings, type Sys, type UnreadRoom, type User } from '@parlor/client/protocol';
import type { AppState, Room } from './model.ts';
import { onPresence, upsert } from './people.ts';
import { memberJoined, onCounted, onReadElsewhere } from './room.ts';
import { changeRoom, muteEnd, onRemoved } from './rooms.ts';

/** A state, and who named us where we are not. */
export interface Seen {
  readonly state: AppState;
  readonly mentioned: { readonly by: string; readonly room: RoomKey } | null;
}

export function onSys(state: AppState, sys: Sys, user: User | undefined): Seen {
  if (sys.type !== 'mention') return { state: onQuietSys(state, sys, user), mentioned: null };
  // In a joined room the message itself comes.
  const key = keyOf(sys.mention);
  const isHere = state.rooms[key]?.phase === 'joined' || state.rooms[key]?.phase === 'joining';
  return { state, mentioned: isHere ? null : { by: sys.mention.sender.DisplayName ?? sys.mention.sender.Username, room: key } };
}

function onQuietSys(state: AppState, sys: Exclude<Sys, { type: 'mention' }>, user: User | undefined): AppState {
  const me = state.me?.userUUID ?? '';
  switch (sys.type) {
    case 'presence':
      return onPresence(state, sys.presence);
    case 'channelJoin': {
      if (user === undefined) return state;
      const { usersTotal } = sys.channelJoin;
      return changeRoom(upsert(state, { ...user, OnLine: true }), keyOf(sys.channelJoin), (room) =>
        memberJoined(room, user.UUID, usersTotal),
      );
    }
    case 'read': {
      const { epoch, seq } = sys.read;
      return changeRoom(state, keyOf(sys.read), (room) => onReadElsewhere(room, { epoch, seq }, me));
    }
    case 'typing': {
      const { userUUID: uuid, on } = sys.typing;
      if (uuid === me) return state;
      const name = state.people[uuid]?.name ?? sys.typing.username;
      return changeRoom(state, keyOf(sys.typing), (room) => {
        const others = onTypingExpired(room, uuid);
        return on ? { ...room, typists: [...others.typists, { uuid, name }] } : others;
      });
    }
    case 'roomChanged':
      return changeRoom(state, keyOf(sys.roomChanged), (room) => onSettings(room, settingsOf(sys.roomChanged)));
    case 'removed':
      return onRemoved(state, sys.removed, keyOf(sys.removed));
    case 'muted':
      return changeRoom(state, keyOf(sys.muted), (room) => ({ ...room, mutedUntil: muteEnd(sys.muted.muted, sys.muted.until) }));
    case 'roleChanged':
      return onRole(state, sys.roleChanged);
    default:
      return state;
  }
}

export function onTypingExpired(room: Room, uuid: string): Room {
  const typists = room.typists.filter((typist) => typist.uuid !== uuid);
  return typists.length === room.typists.length ? room : { ...room, typists };
}

function onRole(state: AppState, { role, ...ref }: { room?: string; recipientUUID?: string; role: string }): AppState {
  if (ref.room === undefined && ref.recipientUUID === undefined) {
    return state.me === null ? state : { ...state, me: { ...state.me, role } };
  }
  return changeRoom(state, keyOf(ref), (room) => ({ ...room, role: role === 'none' ? null : role }));
}

function settingsOf(told: Settings): Settings {
  const { access, write, slowSeconds, topic, historyMessages, historySeconds, closed } = told;
  const all = { access, write, slowSeconds, topic, historyMessages, historySeconds, closed };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}

function onSettings(room: Room, told: Settings): Room {
  const settings = { ...room.settings, ...told };
  return { ...room, settings, topic: settings.topic ?? room.topic };
}

/** The answer to `roomInfo`, or to a change that we made. */
export function onDetails(room: Room, details: RoomDetails): Room {
  return {
    ...onSettings(room, settingsOf(details)),
    role: details.role ?? null,
    mutedUntil: muteEnd(details.mutedUntil !== undefined, details.mutedUntil),
  };
}

/** What is unread in all rooms, in those that are open here. */
export function onCountedRooms(state: AppState, rooms: readonly UnreadRoom[]): AppState {
  const me = state.me?.userUUID ?? '';
  return rooms.reduce((next, counted) => changeRoom(next, keyOf(counted), (room) => onCounted(room, counted, me)), state);
}
