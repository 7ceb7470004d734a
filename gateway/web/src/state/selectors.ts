/** Questions to the state that several parts of the page have. */

import { addressOf, GENERAL, type Message, type RoomKey } from '@parlor/client/protocol';
import type { Outgoing } from '@parlor/client';
import { latestOf } from './kept.ts';
import type { AppState, Person, Room } from './model.ts';

export function activeRoom(state: AppState): Room | undefined {
  return state.rooms[state.active];
}

/** The partner of a private room, if they are known. */
export function partnerOf(state: AppState, key: RoomKey): Person | undefined {
  const address = addressOf(key);
  return address.kind === 'private' ? state.people[address.userUUID] : undefined;
}

export function roomsOfKind(order: AppState['order'], kind: 'open' | 'private'): RoomKey[] {
  const isPrivate = (key: RoomKey): boolean => addressOf(key).kind === 'private';
  const keys = order.filter((key) => isPrivate(key) === (kind === 'private'));
  return kind === 'open' ? [GENERAL, ...keys.filter((key) => key !== GENERAL)] : keys;
}

/** Everybody else who can be written to: those online first, then by name. */
export function otherPeople(state: Pick<AppState, 'people' | 'listed' | 'me'>): Person[] {
  const listed = new Set(state.listed);
  return Object.values(state.people)
    .filter(({ uuid, online }) => uuid !== state.me?.userUUID && (online || listed.has(uuid)))
    .sort((a, b) => Number(b.online) - Number(a.online) || a.name.localeCompare(b.name));
}

export function outgoingOf(outbox: readonly Outgoing[], key: RoomKey): Outgoing[] {
  return outbox.filter(({ room }) => room === key);
}

/** Whether we may delete, mute, kick and ban there. */
export function mayModerate(state: Pick<AppState, 'me'>, room: Pick<Room, 'key' | 'role'> | undefined): boolean {
  if (room === undefined || addressOf(room.key).kind === 'private') return false;
  return room.role === 'owner' || room.role === 'moderator' || isSiteModerator(state);
}

/** Whether we may change the room's settings, hand out roles in it, and close it. */
export function mayOwn(state: Pick<AppState, 'me'>, room: Pick<Room, 'key' | 'role'> | undefined): boolean {
  return mayModerate(state, room) && (room?.role === 'owner' || isSiteModerator(state));
}

export function isSiteModerator(state: Pick<AppState, 'me'>): boolean {
  return state.me?.role === 'admin' || state.me?.role === 'moderator';
}

export function isAdmin(state: Pick<AppState, 'me'>): boolean {
  return state.me?.role === 'admin';
}

/** Why nothing can be said in a room now; `null` when it can. */
export type Silence = 'removed' | 'closed' | 'readOnly' | 'muted';

export function silenceOf(state: Pick<AppState, 'me'>, room: Room | undefined, now: number): Silence | null {
  if (room === undefined || room.phase === 'listed') return null;
  if (room.phase === 'removed') return 'removed';
  if (room.settings.closed === true && !mayModerate(state, room)) return 'closed';
  if (room.mutedUntil !== null && room.mutedUntil > now) return 'muted';
  return mayWrite(state, room) ? null : 'readOnly';
}

function mayWrite(state: Pick<AppState, 'me'>, room: Room): boolean {
  if (mayModerate(state, room)) return true;
  switch (room.settings.write) {
    case undefined:
      return room.canWrite;
    case 'everyone':
      return true;
    case 'members':
      return room.role !== null;
    default:
      return false;
  }
}

/** Our own last message that can still be changed. */
export function lastOwn(state: AppState): Message | undefined {
  const me = state.me?.userUUID;
  const room = activeRoom(state);
  if (room === undefined) return undefined;
  return latestOf(room).findLast(
    (message) => message.SenderUUID === me && message.Deleted !== true && message.Poll === undefined,
  );
}

export function totalMentions(state: AppState): number {
  return state.order.reduce((sum, key) => sum + (state.rooms[key]?.mentions ?? 0), 0);
}

/** All that was not read anywhere. */
export function totalUnread(state: AppState): number {
  return state.order.reduce((sum, key) => sum + (state.rooms[key]?.unread ?? 0), 0);
}
