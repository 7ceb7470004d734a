import { addressOf, isRoomKey } from '@parlor/client/protocol';
import { readJson, type KeyValue } from '@parlor/client';
import type { AppState, Position, RememberedRoom } from './model.ts';

/** Of those in the list, and of those that were closed. Enough for the gateway's limit of rooms a connection. */
const MOST_ROOMS = 99;

/** Which rooms a user has open and how far they are read, kept from one visit to the next. */
export class Memory {
  readonly #storage: KeyValue;

  constructor(storage: KeyValue) {
    this.#storage = storage;
  }

  load(userUUID: string): RememberedRoom[] {
    const value = readJson(this.#storage, key(userUUID));
    if (!Array.isArray(value)) return [];
    return value.map(parse).filter((room) => room !== null).slice(0, 2 * MOST_ROOMS);
  }

  save(state: AppState): void {
    if (state.me === null) return;
    const rooms = state.order.flatMap((roomKey): RememberedRoom[] => {
      const room = state.rooms[roomKey];
      if (room === undefined || room.phase === 'removed') return [];
      const address = addressOf(roomKey);
      const name = address.kind === 'private' ? state.people[address.userUUID]?.name : undefined;
      return [
        {
          key: roomKey,
          ...(name === undefined ? {} : { name }),
          ...(room.at === null ? {} : { at: room.at }),
          ...(room.read === null ? {} : { read: room.read }),
        },
      ];
    });
    const closed = Object.entries(state.closed).map(([roomKey, { at = null, read = null } = {}]) => ({
      key: roomKey,
      closed: true,
      ...(at === null ? {} : { at }),
      ...(read === null ? {} : { read }),
    }));
    const kept = [...rooms.slice(0, MOST_ROOMS), ...closed.slice(-MOST_ROOMS)];
    this.#storage.set(key(state.me.userUUID), JSON.stringify(kept));
  }

  forget(userUUID: string): void {
    this.#storage.remove(key(userUUID));
  }
}

function key(userUUID: string): string {
  return `parlor.rooms.${userUUID}`;
}

function parse(value: unknown): RememberedRoom | null {
  if (typeof value !== 'object' || value === null) return null;
  const { key: roomKey, name, at, read, closed } = value as Record<string, unknown>;
  if (typeof roomKey !== 'string' || !isRoomKey(roomKey)) return null;
  const position = parsePosition(read);
  return {
    key: roomKey,
    ...(typeof name === 'string' ? { name } : {}),
    ...(typeof at === 'number' ? { at } : {}),
    ...(position === null ? {} : { read: position }),
    ...(closed === true ? { closed } : {}),
  };
}

function parsePosition(value: unknown): Position | null {
  if (typeof value !== 'object' || value === null) return null;
  const { epoch, seq } = value as Record<string, unknown>;
  return typeof epoch === 'string' && typeof seq === 'number' ? { epoch, seq } : null;
}
