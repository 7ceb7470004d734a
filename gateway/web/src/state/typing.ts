import type { RoomKey, Typing as TypingTold } from '@parlor/client/protocol';
import { Timer, type Client, type Clock } from '@parlor/client';
import type { AppState } from './model.ts';
import type { AppEvent } from './events.ts';
import type { Store } from './store.ts';

/** Others forget after six seconds that we write, so they are reminded before. */
const REMIND_MS = 3_000;
/** So long nothing typed is no longer writing. */
const IDLE_MS = 5_000;
const FORGET_MS = 6_000;

/** Tells others that we write, and forgets those who have stopped without saying so. */
export class Typing {
  readonly #client: Client;
  readonly #clock: Clock;
  readonly #store: Store<AppState, AppEvent>;
  readonly #idle: Timer;
  /** The room in which others know that we write, and since when. */
  #told: { room: RoomKey; at: number } | null = null;
  readonly #heard = new Map<string, Timer>();

  constructor(client: Client, clock: Clock, store: Store<AppState, AppEvent>) {
    this.#client = client;
    this.#clock = clock;
    this.#store = store;
    this.#idle = new Timer(clock);
  }

  /** Our draft changed. */
  wrote(room: RoomKey, text: string): void {
    if (text.trim() === '') {
      this.stopped(room);
      return;
    }
    if (this.#told !== null && this.#told.room !== room) this.stopped(this.#told.room);
    const now = this.#clock.now();
    if (this.#told === null || now - this.#told.at >= REMIND_MS) {
      this.#told = { room, at: now };
      this.#client.typing(room, true);
    }
    this.#idle.set(IDLE_MS, () => {
      this.stopped(room);
    });
  }

  stopped(room: RoomKey): void {
    if (this.#told?.room !== room) return;
    this.#told = null;
    this.#idle.clear();
    this.#client.typing(room, false);
  }

  heard(room: RoomKey, { userUUID: uuid, on }: TypingTold): void {
    const id = `${room} ${uuid}`;
    const timer = this.#heard.get(id) ?? new Timer(this.#clock);
    timer.clear();
    this.#heard.delete(id);
    if (!on) return;
    this.#heard.set(id, timer);
    timer.set(FORGET_MS, () => {
      this.#heard.delete(id);
      this.#store.dispatch({ type: 'typingExpired', room, uuid });
    });
  }

  forget(): void {
    this.#told = null;
    this.#idle.clear();
    for (const timer of this.#heard.values()) timer.clear();
    this.#heard.clear();
  }
}
