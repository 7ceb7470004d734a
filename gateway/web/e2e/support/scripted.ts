/** A gateway inside the test, for what a real one can't be made to do on demand. */

import type { Page, WebSocketRoute } from '@playwright/test';
import {
  decodeClientFrame,
  encodeServerFrame,
  keyOf,
  refOf,
  type ClientFrame,
  type ErrorBody,
  type Message,
  type Ready,
  type RequestId,
  type RoomKey,
  type ServerFrame,
  type User,
} from '../../src/protocol/index.ts';

export const EPOCH = 'e1';

const READY: Ready = {
  sessionUUID: 'session-1',
  version: '0.1.0',
  pingIntervalMs: 25_000,
  frameBytes: 65_536,
  messageCharacters: 4_000,
  historyPage: 100,
  guests: true,
  signUp: true,
  createRooms: true,
};

type Id = { id?: RequestId };

export class ScriptedGateway {
  ready: Ready = READY;
  readonly me: User = { UUID: 'me 1', Username: 'Robin Vale', OnLine: true };
  users: User[] = [];
  readonly rooms = new Map<RoomKey, Message[]>();
  readonly occupancy = new Map<string, number>();
  /** What becomes of messages: stored, met with silence, or refused. */
  onMessage: 'store' | 'silence' | ErrorBody = 'store';
  onSignIn: 'accept' | ErrorBody = 'accept';
  /** Whether a connection is taken at all. */
  accepts = true;
  #socket: WebSocketRoute | null = null;

  async attach(page: Page): Promise<void> {
    await page.routeWebSocket('**/ws', (socket) => {
      if (!this.accepts) {
        void socket.close({ code: 1011 });
        return;
      }
      this.#socket = socket;
      socket.onMessage((data) => {
        const outcome = decodeClientFrame(String(data));
        if (!outcome.ok) throw new Error(outcome.problem);
        this.#answer(outcome.value);
      });
      this.say({ type: 'ready', ready: this.ready });
    });
  }

  say(frame: ServerFrame): void {
    this.#socket?.send(encodeServerFrame(frame));
  }

  async end(code: number): Promise<void> {
    await this.#socket?.close({ code });
  }

  /** Somebody says something; without `at` it is now. */
  speak(room: RoomKey, sender: User, text: string, at = new Date(), clientMessageId?: string): Message {
    const messages = this.rooms.get(room) ?? [];
    const seq = (messages.at(-1)?.Seq ?? 0) + 1;
    const ref = refOf(room);
    const message: Message = {
      UUID: `${room}-${seq}`,
      SenderUUID: sender.UUID,
      Sender: sender,
      ...(ref.room === undefined ? { RecipientUUID: ref.recipientUUID ?? '' } : { Room: ref.room }),
      Message: text,
      ...(clientMessageId === undefined ? {} : { ClientMessageId: clientMessageId }),
      CreatedAt: at.toISOString(),
      Seq: seq,
      Epoch: EPOCH,
    };
    this.rooms.set(room, [...messages, message]);
    this.say({ type: 'channelMessage', channelMessage: message });
    return message;
  }

  #answer(frame: ClientFrame): void {
    const id: Id = frame.id === undefined ? {} : { id: frame.id };
    switch (frame.type) {
      case 'signIn':
      case 'signUp':
        if (this.onSignIn === 'accept') this.#authorize(id);
        else this.say({ ...id, type: 'error', error: this.onSignIn });
        return;
      case 'resume':
        this.#authorize(id);
        for (const entry of frame.resume.rooms) this.#join(keyOf(entry), {}, entry.seq);
        this.say({ ...id, type: 'resume', resume: { rooms: [] } });
        return;
      case 'signOut':
        this.say({ ...id, type: 'signOut', signOut: { uuid: this.me.UUID } });
        return;
      case 'users':
        this.say({
          ...id,
          type: 'users',
          users: { total: this.users.length + 1, received: this.users.length + 1, users: [this.me, ...this.users] },
        });
        return;
      case 'rooms': {
        const rooms = [...this.occupancy].map(([room, users]) => ({ room, users }));
        this.say({ ...id, type: 'rooms', rooms: { total: rooms.length, received: rooms.length, rooms } });
        return;
      }
      case 'privateRooms':
        this.say({ ...id, type: 'privateRooms', privateRooms: { total: 0, received: 0, rooms: [] } });
        return;
      case 'channelJoin':
        this.#join(keyOf(frame.channelJoin), id);
        return;
      case 'channelLeave':
        this.say({ ...id, type: 'channelLeave', SUUID: 's', userUUID: this.me.UUID, channelLeave: frame.channelLeave });
        return;
      case 'channelMessages': {
        const { before = Infinity, limit = 50 } = frame.channelMessages;
        const all = (this.rooms.get(keyOf(frame.channelMessages)) ?? []).filter(({ Seq }) => Seq < before);
        const messages = all.slice(-limit);
        this.say({
          ...id,
          type: 'channelMessages',
          channelMessages: {
            ...refOf(keyOf(frame.channelMessages)),
            messages,
            epoch: EPOCH,
            seq: all.at(-1)?.Seq ?? 0,
            more: all.length > messages.length,
          },
        });
        return;
      }
      case 'channelMessage':
        this.#take(frame, id);
        return;
      case 'ping':
        this.say({ ...id, type: 'pong', pong: { time: Date.now() } });
        return;
      default:
        this.say({ ...id, type: 'done', done: {} });
    }
  }

  #authorize(id: Id): void {
    const { UUID, Username } = this.me;
    this.say({
      ...id,
      type: 'authorized',
      authorized: { userUUID: UUID, accessKey: 'key', username: Username, guest: false },
    });
    this.say({ type: 'sys', sys: { type: 'signIn', signIn: { uuid: UUID, username: Username } } });
  }

  #join(room: RoomKey, id: Id, after?: number): void {
    const all = this.rooms.get(room) ?? [];
    const messages = after === undefined ? all.slice(-50) : all.filter(({ Seq }) => Seq > after);
    const users = [this.me, ...this.users.filter(({ OnLine }) => OnLine === true)];
    this.say({
      ...id,
      type: 'channelJoin',
      channelJoin: {
        ...refOf(room),
        messages,
        users,
        usersTotal: users.length,
        epoch: EPOCH,
        seq: all.at(-1)?.Seq ?? 0,
        more: (messages[0]?.Seq ?? 1) > 1,
        ...(after === undefined ? {} : { recovered: true }),
      },
    });
  }

  #take(frame: Extract<ClientFrame, { type: 'channelMessage' }>, id: Id): void {
    if (this.onMessage === 'silence') return;
    if (this.onMessage !== 'store') {
      this.say({ ...id, type: 'error', error: this.onMessage });
      return;
    }
    const { message, clientMessageId } = frame.channelMessage;
    const stored = this.speak(keyOf(frame.channelMessage), this.me, message, new Date(), clientMessageId);
    this.say({
      ...id,
      type: 'ack',
      ack: {
        ...refOf(keyOf(frame.channelMessage)),
        UUID: stored.UUID,
        Seq: stored.Seq,
        Epoch: EPOCH,
        CreatedAt: stored.CreatedAt,
        ...(clientMessageId === undefined ? {} : { ClientMessageId: clientMessageId }),
      },
    });
  }
}
