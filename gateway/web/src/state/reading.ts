import { keyOf, refOf, type RoomKey, type UnreadRoom } from '@parlor/client/protocol';
import { Timer, type Client, type Clock } from '@parlor/client';
import type { AppState, Position, Room } from './model.ts';

/** So much reading is told at once, and not more often. */
const TELL_AFTER_MS = 800;
/** Asking again what is unread, after it could not be had. */
const RETRY_MS = 5_000;
const PAGE_ENTRIES = 100;
/** Pages asked for: more rooms than a connection may have joined. */
const MOST_PAGES = 5;

/** Tells the server how far we have read, and asks it what is unread. */
export class Reading {
  readonly #client: Client;
  readonly #tellTimer: Timer;
  readonly #askTimer: Timer;
  /** What the server knows, as far as we know. */
  readonly #told = new Map<RoomKey, Position>();
  #state: AppState | null = null;

  constructor(client: Client, clock: Clock) {
    this.#client = client;
    this.#tellTimer = new Timer(clock);
    this.#askTimer = new Timer(clock);
  }

  /** The counts come as `unread` frames, which the state takes up. */
  ask(offset = 0, page = 1): void {
    this.#askTimer.clear();
    void this.#client.ask('unread', { offset, limit: PAGE_ENTRIES }).then((result) => {
      if (!result.ok) {
        if (result.error.retryable === true) {
          this.#askTimer.set(result.error.retryAfterMs ?? RETRY_MS, () => {
            if (this.#client.status.name === 'ready') this.ask();
          });
        }
        return;
      }
      if (result.value.rooms.length === PAGE_ENTRIES && page < MOST_PAGES) this.ask(offset + PAGE_ENTRIES, page + 1);
    });
  }

  onCounted(rooms: readonly UnreadRoom[]): void {
    for (const { epoch, read, ...ref } of rooms) this.#told.set(keyOf(ref), { epoch, seq: read });
  }

  onState(state: AppState): void {
    this.#state = state;
    if (!this.#tellTimer.running && this.#news().length > 0) {
      this.#tellTimer.set(TELL_AFTER_MS, () => {
        this.#tell();
      });
    }
  }

  forget(): void {
    this.#tellTimer.clear();
    this.#askTimer.clear();
    this.#told.clear();
    this.#state = null;
  }

  #news(): [RoomKey, Position][] {
    const { rooms = {}, status } = this.#state ?? {};
    if (status?.name !== 'ready') return [];
    return Object.values(rooms).flatMap((room: Room | undefined): [RoomKey, Position][] => {
      if (room === undefined) return [];
      const { key, phase, epoch, read } = room;
      if (phase !== 'joined' || read === null || read.epoch !== epoch || read.seq === 0) return [];
      const told = this.#told.get(key);
      return told !== undefined && told.epoch === epoch && told.seq >= read.seq ? [] : [[key, read]];
    });
  }

  #tell(): void {
    for (const [key, read] of this.#news()) {
      this.#told.set(key, read);
      // One that is lost with its connection is made up for by the next: the counts are asked for then.
      void this.#client.ask('readTo', { ...refOf(key), seq: read.seq });
    }
  }
}
