import { refOf, roomOf, type Message, type RoomKey } from '@parlor/client/protocol';
import type { Client, Result } from '@parlor/client';
import { markOf } from './changes.ts';
import type { AppState, Composing } from './model.ts';
import type { AppEvent } from './events.ts';
import type { Store } from './store.ts';

/** As long as the server keeps of a message that is quoted. */
const EXCERPT_CHARACTERS = 200;

/** What people do to messages that stand. */
export class Messages {
  readonly #client: Client;
  readonly #store: Store<AppState, AppEvent>;

  constructor(client: Client, store: Store<AppState, AppEvent>) {
    this.#client = client;
    this.#store = store;
  }

  reply(message: Message): void {
    const { UUID, Seq, SenderUUID, Sender } = message;
    const quote = {
      UUID,
      Seq,
      SenderUUID,
      Sender: Sender.DisplayName ?? Sender.Username,
      Message: Array.from(message.Message).slice(0, EXCERPT_CHARACTERS).join(''),
    };
    this.#compose(roomOf(message), { kind: 'reply', quote });
  }

  beginEdit(message: Message): void {
    const { UUID: uuid, Seq: seq, Message: text } = message;
    this.#compose(roomOf(message), { kind: 'edit', uuid, seq, text });
  }

  stopComposing(room: RoomKey): void {
    this.#compose(room, null);
  }

  edit(room: RoomKey, target: { uuid: string; seq: number }, message: string): Promise<Result<unknown>> {
    return this.#told(this.#client.ask('messageEdit', { ...refOf(room), uuid: target.uuid, seq: target.seq, message }));
  }

  delete(message: Message): Promise<Result<unknown>> {
    return this.#told(this.#client.ask('messageDelete', targetOf(message)));
  }

  report(message: Message, reason: string): Promise<Result<unknown>> {
    return this.#client.ask('messageReport', { ...targetOf(message), reason });
  }

  /** Another field may take the old one's place: it has to be there for the next key. */
  #compose(room: RoomKey, composing: Composing | null): void {
    this.#store.dispatch({ type: 'composing', room, composing });
    this.#store.flush();
  }

  /** Takes a reaction back, or adds it. */
  async react(message: Message, emoji: string): Promise<void> {
    const room = roomOf(message);
    const before = markOf(this.#store.getState().rooms[room], message.UUID);
    const on = !before.reactions.includes(emoji);
    const reactions = on ? [...before.reactions, emoji] : before.reactions.filter((other) => other !== emoji);
    await this.#mark(message, { ...before, reactions }, this.#client.ask('messageReact', { ...targetOf(message), emoji, on }));
  }

  /** Votes for exactly these options; for none, the vote is withdrawn. */
  async vote(message: Message, options: readonly number[]): Promise<void> {
    const before = markOf(this.#store.getState().rooms[roomOf(message)], message.UUID);
    const vote = [...options].sort((a, b) => a - b);
    await this.#mark(message, { ...before, vote }, this.#client.ask('pollVote', { ...targetOf(message), options: vote }));
  }

  closePoll(message: Message): Promise<Result<unknown>> {
    return this.#told(this.#client.ask('pollClose', targetOf(message)));
  }

  /** Shown at once; taken back when the server refuses. */
  async #mark(message: Message, mark: { reactions: string[]; vote: number[] }, asked: Promise<Result<unknown>>): Promise<void> {
    const room = roomOf(message);
    const uuid = message.UUID;
    const before = markOf(this.#store.getState().rooms[room], uuid);
    this.#store.dispatch({ type: 'marked', room, uuid, mark });
    const result = await this.#told(asked);
    const now = markOf(this.#store.getState().rooms[room], uuid);
    // Unless somebody has gone on meanwhile.
    if (!result.ok && now === mark) this.#store.dispatch({ type: 'marked', room, uuid, mark: before });
  }

  /** A refusal is told in passing, as there is no dialog that could. */
  async #told(asked: Promise<Result<unknown>>): Promise<Result<unknown>> {
    const result = await asked;
    if (!result.ok) this.#store.dispatch({ type: 'noticed', text: result.error.error, reason: result.error.reason });
    return result;
  }
}

function targetOf(message: Message): { room?: string; recipientUUID?: string; uuid: string; seq: number } {
  return { ...refOf(roomOf(message)), uuid: message.UUID, seq: message.Seq };
}
