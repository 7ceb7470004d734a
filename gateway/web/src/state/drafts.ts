import { isRoomKey, type RoomKey } from '@parlor/client/protocol';
import { readJson, Timer, type Clock, type KeyValue } from '@parlor/client';

/** What is typed is written down this long after the first key of it. */
const SAVE_AFTER_MS = 400;
/** The latest are kept. */
const MOST_DRAFTS = 50;
/** Several times what a message may hold; beyond it a draft lasts only until a reload. */
const MOST_CHARACTERS = 20_000;

type Texts = Partial<Record<RoomKey, string>>;

/**
 * What somebody began to write in each room, kept from one visit to the next. Tabs share it: each
 * writes down only the rooms that were written in there.
 */
export class Drafts {
  readonly #storage: KeyValue;
  readonly #timer: Timer;
  #userUUID: string | null = null;
  /** Written since the last time it was saved. */
  readonly #pending = new Map<RoomKey, string>();

  constructor(storage: KeyValue, clock: Clock) {
    this.#storage = storage;
    this.#timer = new Timer(clock);
  }

  /** What this user has begun to write; from now on it is they who write. */
  load(userUUID: string): Texts {
    if (this.#userUUID !== userUUID) this.save();
    this.#userUUID = userUUID;
    return { ...this.#read(userUUID), ...Object.fromEntries(this.#pending) };
  }

  /** Nothing typed, or a message that was sent, leaves no draft. */
  write(room: RoomKey, text: string): void {
    // The latest stand last.
    this.#pending.delete(room);
    this.#pending.set(room, text);
    if (text === '') this.save();
    else if (!this.#timer.running) this.#timer.set(SAVE_AFTER_MS, () => { this.save(); });
  }

  save(): void {
    this.#timer.clear();
    if (this.#userUUID === null || this.#pending.size === 0) return;
    const texts = new Map(Object.entries(this.#read(this.#userUUID)));
    for (const [room, text] of this.#pending) {
      texts.delete(room);
      if (text.trim() !== '' && text.length <= MOST_CHARACTERS) texts.set(room, text);
    }
    this.#pending.clear();
    const kept = [...texts].slice(-MOST_DRAFTS);
    if (kept.length === 0) this.#storage.remove(key(this.#userUUID));
    else this.#storage.set(key(this.#userUUID), JSON.stringify(Object.fromEntries(kept)));
  }

  /** Somebody signs out by their own will: nothing of theirs stays in this browser. */
  forget(userUUID: string): void {
    this.#pending.clear();
    this.#timer.clear();
    this.#storage.remove(key(userUUID));
  }

  #read(userUUID: string): Texts {
    const value = readJson(this.#storage, key(userUUID));
    if (typeof value !== 'object' || value === null) return {};
    return Object.fromEntries(
      Object.entries(value).filter(([room, text]) => isRoomKey(room) && typeof text === 'string'),
    );
  }
}

function key(userUUID: string): string {
  return `parlor.drafts.${userUUID}`;
}
