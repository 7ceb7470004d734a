/** A gateway inside the test, for what a real one can't be made to do on demand. */

import type { Page, WebSocketRoute } from '@playwright/test';
import { EPOCH, greeting } from '../../src/client/net/testing/frames.ts';
import { scenery } from './scenery.ts';
import {
  decodeClientFrame,
  encodeServerFrame,
  keyOf,
  refOf,
  type ClientFrame,
  type ErrorBody,
  type ChannelJoined,
  type Mark,
  type Message,
  type MessageChange,
  type Ready,
  type RequestId,
  type RoomKey,
  type ServerFrame,
  type User,
} from '@parlor/client/protocol';

const READY: Ready = { ...greeting.ready, photos: { bytes: 10 * 1024 * 1024, megapixels: 50 } };

type Id = { id?: RequestId };

export class ScriptedGateway {
  ready: Ready = READY;
  readonly me: User = { UUID: 'me 1', Username: 'Robin Vale', OnLine: true };
  users: User[] = [];
  readonly rooms = new Map<RoomKey, Message[]>();
  readonly occupancy = new Map<string, number>();
  /** What a join tells beside the messages, by room. */
  readonly about = new Map<RoomKey, Partial<ChannelJoined>>();
  /** The user's own reactions and votes, by message. */
  readonly marks = new Map<string, Mark>();
  role = 'member';
  /** What becomes of messages: stored, met with silence, or refused. */
  onMessage: 'store' | 'silence' | ErrorBody = 'store';
  onSignIn: 'accept' | ErrorBody = 'accept';
  /** Whether a connection is taken at all. */
  accepts = true;
  #socket: WebSocketRoute | null = null;
  readonly #seqs = new Map<RoomKey, number>();

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
  speak(
    room: RoomKey,
    sender: User,
    text: string,
    at = new Date(),
    clientMessageId?: string,
    more: Partial<Message> = {},
  ): Message {
    const messages = this.rooms.get(room) ?? [];
    const seq = this.#nextSeq(room);
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
      ...more,
    };
    this.rooms.set(room, [...messages, message]);
    this.say({ type: 'channelMessage', channelMessage: message });
    return message;
  }

  /** Changes a message, as an edit, a deletion or a tally does. */
  change(room: RoomKey, message: Message, kind: string, next: Partial<Message>, by?: string): void {
    const changed = { ...message, ...next };
    const messages = this.rooms.get(room) ?? [];
    this.rooms.set(room, messages.map((other) => (other.UUID === message.UUID ? changed : other)));
    const messageChange: MessageChange = {
      ...refOf(room),
      change: kind,
      uuid: message.UUID,
      targetSeq: message.Seq,
      ...(by === undefined ? {} : { byUUID: by }),
      Seq: this.#nextSeq(room),
      Epoch: EPOCH,
      CreatedAt: new Date().toISOString(),
      ...(kind === 'tally'
        ? {
            reactions: changed.Reactions ?? [],
            ...(changed.Results === undefined ? {} : { results: changed.Results }),
          }
        : { message: changed }),
    };
    this.say({ type: 'messageChange', messageChange });
  }

  #nextSeq(room: RoomKey): number {
    const seq = (this.#seqs.get(room) ?? this.rooms.get(room)?.at(-1)?.Seq ?? 0) + 1;
    this.#seqs.set(room, seq);
    return seq;
  }

  #find(frame: { uuid: string; room?: string; recipientUUID?: string }): Message | undefined {
    return this.rooms.get(keyOf(frame))?.find(({ UUID }) => UUID === frame.uuid);
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
      case 'users': {
        const prefix = frame.users?.prefix?.toLowerCase() ?? '';
        const users = [this.me, ...this.users].filter(({ Username }) => Username.toLowerCase().startsWith(prefix));
        this.say({ ...id, type: 'users', users: { total: users.length, received: users.length, users } });
        return;
      }
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
        const { before = Infinity, after, limit = 50 } = frame.channelMessages;
        const said = this.rooms.get(keyOf(frame.channelMessages)) ?? [];
        const all = said.filter(({ Seq }) => Seq < before && Seq > (after ?? 0));
        const messages = after === undefined ? all.slice(-limit) : all.slice(0, limit);
        this.say({
          ...id,
          type: 'channelMessages',
          channelMessages: {
            ...refOf(keyOf(frame.channelMessages)),
            messages,
            epoch: EPOCH,
            seq: said.at(-1)?.Seq ?? 0,
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
      case 'unread':
        this.say({ ...id, type: 'unread', unread: { total: 0, received: 0, rooms: [] } });
        return;
      case 'typing':
        return;
      case 'messageEdit':
      case 'messageDelete':
        this.#edit(frame, id);
        return;
      case 'messageReact': {
        const { emoji, on, uuid } = frame.messageReact;
        const mark = this.marks.get(uuid) ?? { reactions: [], vote: [] };
        const others = mark.reactions.filter((other) => other !== emoji);
        this.#mark(frame.messageReact, { ...mark, reactions: on ? [...others, emoji] : others }, id);
        return;
      }
      case 'pollVote': {
        const { options, uuid } = frame.pollVote;
        this.#mark(frame.pollVote, { ...(this.marks.get(uuid) ?? { reactions: [] }), vote: options }, id);
        return;
      }
      default: {
        const answer = scenery(frame, this);
        this.say({ ...id, ...(answer ?? { type: 'done', done: {} }) });
      }
    }
  }

  #edit(frame: Extract<ClientFrame, { type: 'messageEdit' | 'messageDelete' }>, id: Id): void {
    const target = frame.type === 'messageEdit' ? frame.messageEdit : frame.messageDelete;
    const message = this.#find(target);
    if (message === undefined) {
      this.say({ ...id, type: 'error', error: { code: 37, reason: 'noSuchMessage', error: 'the message is gone' } });
      return;
    }
    const room = keyOf(target);
    if (frame.type === 'messageEdit') {
      this.change(room, message, 'edit', { Message: frame.messageEdit.message, EditedAt: new Date().toISOString() }, this.me.UUID);
    } else {
      this.change(room, message, 'delete', { Message: '', Deleted: true, DeletedBy: this.me.UUID }, this.me.UUID);
    }
    const { UUID, Seq, CreatedAt } = message;
    this.say({ ...id, type: 'ack', ack: { ...refOf(room), UUID, Seq, Epoch: EPOCH, CreatedAt } });
  }

  /** Counts our own mark as one among those that a message began with. */
  #mark(target: { uuid: string; seq: number; room?: string; recipientUUID?: string }, mark: Mark, id: Id): void {
    const message = this.#find(target);
    const room = keyOf(target);
    this.marks.set(target.uuid, mark);
    this.say({ ...id, type: 'messageMark', messageMark: { ...refOf(room), uuid: target.uuid, seq: target.seq, ...mark } });
    if (message === undefined) return;
    const me = this.me.UUID;
    const others = (message.Reactions ?? []).map(({ Emoji, Users }) => ({ Emoji, Users: Users.filter((it) => it !== me) }));
    const emoji = [...new Set([...others.map(({ Emoji }) => Emoji), ...mark.reactions])];
    const Reactions = emoji
      .map((Emoji) => {
        const Users = [...(others.find((it) => it.Emoji === Emoji)?.Users ?? []), ...(mark.reactions.includes(Emoji) ? [me] : [])];
        return { Emoji, Count: Users.length, Users };
      })
      .filter(({ Count }) => Count > 0);
    const Who = message.Poll?.Options.map((_, index) => [
      ...(message.Results?.Who?.[index] ?? []).filter((it) => it !== me),
      ...(mark.vote.includes(index) ? [me] : []),
    ]);
    const tally: Partial<Message> = { Reactions };
    if (Who !== undefined) {
      tally.Results = { Counts: Who.map((who) => who.length), Voters: new Set(Who.flat()).size, Closed: false, Who };
    }
    this.change(room, message, 'tally', tally);
  }

  #authorize(id: Id): void {
    const { UUID, Username } = this.me;
    this.say({
      ...id,
      type: 'authorized',
      authorized: { userUUID: UUID, accessKey: 'key', username: Username, guest: false, role: this.role },
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
        seq: this.#seqs.get(room) ?? all.at(-1)?.Seq ?? 0,
        more: (messages[0]?.Seq ?? 1) > 1,
        marks: Object.fromEntries(this.marks),
        ...(after === undefined ? {} : { recovered: true }),
        ...this.about.get(room),
      },
    });
  }

  #take(frame: Extract<ClientFrame, { type: 'channelMessage' }>, id: Id): void {
    if (this.onMessage === 'silence') return;
    if (this.onMessage !== 'store') {
      this.say({ ...id, type: 'error', error: this.onMessage });
      return;
    }
    const { message, clientMessageId, replyTo, poll } = frame.channelMessage;
    const room = keyOf(frame.channelMessage);
    const quoted = replyTo === undefined ? undefined : this.rooms.get(room)?.find(({ UUID }) => UUID === replyTo.uuid);
    const stored = this.speak(room, this.me, message, new Date(), clientMessageId, {
      ...(quoted === undefined
        ? {}
        : {
            ReplyTo: {
              UUID: quoted.UUID,
              Seq: quoted.Seq,
              SenderUUID: quoted.SenderUUID,
              Sender: quoted.Sender.Username,
              Message: quoted.Message,
            },
          }),
      ...(poll === undefined
        ? {}
        : { Poll: { Options: poll.options, Multiple: poll.multiple ?? false, Anonymous: poll.anonymous ?? false } }),
    });
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
