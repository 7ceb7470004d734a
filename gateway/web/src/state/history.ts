import { refOf, type History as Page, type RoomKey } from '@parlor/client/protocol';
import type { Client, Result } from '@parlor/client';
import { reachesEnd } from './kept.ts';
import type { AppState, Room } from './model.ts';
import type { AppEvent } from './events.ts';
import type { Store } from './store.ts';

/** A page, where the server has not said how much it gives. */
const DEFAULT_PAGE_MESSAGES = 50;

/** Pages of a room's history, in either direction, and around a message. */
export class History {
  readonly #client: Client;
  readonly #store: Store<AppState, AppEvent>;

  constructor(client: Client, store: Store<AppState, AppEvent>) {
    this.#client = client;
    this.#store = store;
  }

  /** Loads what was said before the first message that is here. */
  async older(key: RoomKey): Promise<void> {
    const room = this.#room(key);
    const from = room?.messages[0]?.Seq;
    if (room === undefined || from === undefined || !room.more || room.older === 'loading') return;
    await this.#load(key, 'older', from, { before: from });
  }

  /** Loads what was said behind the last message that is here, while that is not the room's last. */
  async newer(key: RoomKey): Promise<void> {
    const room = this.#room(key);
    const from = room?.messages.at(-1)?.Seq;
    if (room === undefined || from === undefined || room.latest === null || room.newer === 'loading') return;
    if (reachesEnd(room)) this.#store.dispatch({ type: 'piecesJoined', room: key });
    else await this.#load(key, 'newer', from, { after: from });
  }

  /** Goes to the messages around a `Seq`. Whether that one is there shows in the state. */
  async around(key: RoomKey, seq: number): Promise<Result<Page>> {
    const limit = this.#limit;
    const result = await this.#ask(key, { before: seq + Math.ceil(limit / 2) });
    if (result.ok) this.#store.dispatch({ type: 'paged', room: key, place: 'around', from: seq, page: result.value });
    return result;
  }

  async #load(key: RoomKey, place: 'older' | 'newer', from: number, where: { before?: number; after?: number }): Promise<void> {
    this.#store.dispatch({ type: 'pageAsked', room: key, place });
    const result = await this.#ask(key, where);
    this.#store.dispatch(
      result.ok ? { type: 'paged', room: key, place, from, page: result.value } : { type: 'pageFailed', room: key, place },
    );
  }

  #ask(key: RoomKey, where: { before?: number; after?: number }): Promise<Result<Page>> {
    return this.#client.ask('channelMessages', { ...refOf(key), ...where, limit: this.#limit });
  }

  get #limit(): number {
    return this.#store.getState().server?.historyPage ?? DEFAULT_PAGE_MESSAGES;
  }

  #room(key: RoomKey): Room | undefined {
    return this.#store.getState().rooms[key];
  }
}
