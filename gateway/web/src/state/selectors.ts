/** Questions to the state that several parts of the page have. */

import { addressOf, GENERAL, type RoomKey } from '../protocol/index.ts';
import type { Outgoing } from '../net/index.ts';
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

/** All that was not read anywhere. */
export function totalUnread(state: AppState): number {
  return state.order.reduce((sum, key) => sum + (state.rooms[key]?.unread ?? 0), 0);
}
