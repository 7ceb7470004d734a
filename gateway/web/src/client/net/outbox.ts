import {
  isRoomKey,
  type ErrorBody,
  type MessageExtras,
  type Photo,
  type Quote,
  type RoomKey,
} from '../protocol/index.ts';

/** What a message is beside its text, with what the page needs to show it before it is stored. */
export interface Extras {
  readonly quote?: Quote;
  readonly poll?: NonNullable<MessageExtras['poll']>;
  readonly photo?: Photo;
}

/** A message that is on its way, or was refused. */
export interface Outgoing {
  /** The `clientMessageId`: the same on every attempt, so that the gateway stores it once. */
  readonly id: string;
  readonly room: RoomKey;
  readonly text: string;
  readonly extras: Extras;
  /** When it was written, in ms since 1970. */
  readonly createdAt: number;
  readonly state: 'queued' | 'sent' | 'failed';
  /** When it first went out: it may be stored, though nobody has said so. */
  readonly attemptedAt: number | null;
  /** When it last went out. */
  readonly sentAt: number | null;
  /** How often the gateway said that we are not in the room. */
  readonly strays: number;
  /** Why it failed. */
  readonly error: ErrorBody | null;
}

/**
 * What has not been acknowledged, in the order it was written. One message of a room is on its way
 * at a time, so that a refused one is never overtaken by the next.
 */
export class Outbox {
  #entries: readonly Outgoing[] = [];

  /** An immutable list; a new one after each change. */
  get entries(): readonly Outgoing[] {
    return this.#entries;
  }

  find(id: unknown): Outgoing | undefined {
    return this.#entries.find((entry) => entry.id === id);
  }

  add(id: string, room: RoomKey, text: string, now: number, extras: Extras = {}): void {
    const entry: Outgoing = {
      id,
      room,
      text,
      extras,
      createdAt: now,
      state: 'queued',
      attemptedAt: null,
      sentAt: null,
      strays: 0,
      error: null,
    };
    this.#entries = [...this.#entries, entry];
  }

  /** The next message of each room where none is on its way, but for the rooms in `held`. */
  due(held: ReadonlySet<RoomKey> = new Set()): Outgoing[] {
    const rooms = new Set<RoomKey>(held);
    return this.#entries.filter((entry) => {
      if (entry.state === 'failed' || rooms.has(entry.room)) return false;
      rooms.add(entry.room);
      return entry.state === 'queued';
    });
  }

  markSent(id: string, now: number): void {
    this.#change(id, (entry) => ({
      ...entry,
      state: 'sent',
      attemptedAt: entry.attemptedAt ?? now,
      sentAt: now,
    }));
  }

  /** It is stored. Whether it was still waited for. */
  settle(id: string): boolean {
    const before = this.#entries;
    this.#entries = before.filter((entry) => entry.id !== id);
    return this.#entries.length < before.length;
  }

  /** It was not taken now; it goes out again. */
  requeue(id: string): void {
    this.#change(id, (entry) => ({ ...entry, state: 'queued' }));
  }

  /** As `requeue`, for a message that came before its room was joined. */
  requeueStray(id: string): void {
    this.#change(id, (entry) => ({ ...entry, state: 'queued', strays: entry.strays + 1 }));
  }

  /** It will not be taken as it is. */
  fail(id: string, error: ErrorBody): void {
    this.#change(id, (entry) => ({ ...entry, state: 'failed', error }));
  }

  /** Somebody wants a failed one to go out after all; it is the last of its room now. */
  retry(id: string, now: number): void {
    const entry = this.find(id);
    if (entry?.state !== 'failed') return;
    const again: Outgoing = { ...entry, state: 'queued', createdAt: now, strays: 0, error: null };
    this.#entries = [...this.#entries.filter((other) => other.id !== id), again];
  }

  /** Whatever was on its way when the connection broke, or has got no answer since `before`. */
  requeueSent(before = Infinity): boolean {
    const isLate = (entry: Outgoing): boolean => entry.state === 'sent' && (entry.sentAt ?? 0) <= before;
    if (!this.#entries.some(isLate)) return false;
    this.#entries = this.#entries.map((entry) => (isLate(entry) ? { ...entry, state: 'queued' } : entry));
    return true;
  }

  dropRoom(room: RoomKey): void {
    this.#entries = this.#entries.filter((entry) => entry.room !== room);
  }

  clear(): void {
    this.#entries = [];
  }

  /** Takes up what a page had not got through before it was loaded again. */
  restore(value: unknown): void {
    if (!Array.isArray(value)) return;
    this.#entries = value.filter(isOutgoing).map((entry) => ({
      ...entry,
      // A page of an older version wrote none.
      extras: (entry as Partial<Outgoing>).extras ?? {},
      state: entry.state === 'sent' ? 'queued' : entry.state,
    }));
  }

  #change(id: string, change: (entry: Outgoing) => Outgoing): void {
    this.#entries = this.#entries.map((entry) => (entry.id === id ? change(entry) : entry));
  }
}

function isOutgoing(value: unknown): value is Outgoing {
  if (typeof value !== 'object' || value === null) return false;
  const entry = value as Record<string, unknown>;
  return (
    typeof entry['id'] === 'string' &&
    typeof entry['room'] === 'string' &&
    isRoomKey(entry['room']) &&
    typeof entry['text'] === 'string' &&
    typeof entry['createdAt'] === 'number' &&
    typeof entry['strays'] === 'number' &&
    (entry['state'] === 'queued' || entry['state'] === 'sent' || entry['state'] === 'failed')
  );
}
