import type { Message, RoomRef } from './values.ts';

/**
 * A room as one string, for maps and lists: `general`, `user:<uuid>` (the private room with that
 * user) or `room:<name>`.
 */
export type RoomKey = 'general' | `user:${string}` | `room:${string}`;

export type Address =
  | { kind: 'general' }
  | { kind: 'private'; userUUID: string }
  | { kind: 'named'; name: string };

export const GENERAL: RoomKey = 'general';

export function privateRoom(userUUID: string): RoomKey {
  return `user:${userUUID}`;
}

/** Trims and normalizes as the gateway does, so that one room has one key. */
export function namedRoom(name: string): RoomKey {
  return `room:${name.trim().normalize('NFC')}`;
}

export function addressOf(key: RoomKey): Address {
  if (key.startsWith('user:')) return { kind: 'private', userUUID: key.slice('user:'.length) };
  if (key.startsWith('room:')) return { kind: 'named', name: key.slice('room:'.length) };
  return { kind: 'general' };
}

export function isRoomKey(text: string): text is RoomKey {
  return text === GENERAL || /^(user|room):./su.test(text);
}

/** How a block names the room. */
export function refOf(key: RoomKey): RoomRef {
  const address = addressOf(key);
  switch (address.kind) {
    case 'general':
      return { recipientUUID: '' };
    case 'private':
      return { recipientUUID: address.userUUID };
    case 'named':
      return { room: address.name };
  }
}

export function keyOf(ref: RoomRef): RoomKey {
  if (ref.room !== undefined) return `room:${ref.room}`;
  return ref.recipientUUID === undefined || ref.recipientUUID === ''
    ? GENERAL
    : privateRoom(ref.recipientUUID);
}

/** The room that a message belongs to. */
export function roomOf(message: Pick<Message, 'RecipientUUID' | 'Room'>): RoomKey {
  const ref: RoomRef = {};
  if (message.Room !== undefined) ref.room = message.Room;
  if (message.RecipientUUID !== undefined) ref.recipientUUID = message.RecipientUUID;
  return keyOf(ref);
}
