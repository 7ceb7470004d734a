import type { Client, ClientEvent } from './net/index.ts';
import {
  keyOf,
  privateRoom,
  roomOf,
  type ChannelJoined,
  type RoomKey,
  type ServerFrameOf,
} from './protocol/index.ts';
import type { Emitter } from './emitter.ts';
import type { ParlorEvents } from './events.ts';
import { came, left, type RoomPeople } from './people.ts';

/** Makes events of what the connection tells, and knows who is in which room. */
export class Feed {
  readonly #emitter: Emitter<ParlorEvents>;
  readonly #people = new Map<RoomKey, RoomPeople>();

  constructor(client: Client, emitter: Emitter<ParlorEvents>) {
    this.#emitter = emitter;
    client.listen((event) => {
      this.#onEvent(event);
    });
  }

  /** Nothing for a room that is not joined. */
  people(room: RoomKey): RoomPeople | null {
    return this.#people.get(room) ?? null;
  }

  leave(room: RoomKey): void {
    this.#people.delete(room);
  }

  #onEvent(event: ClientEvent): void {
    switch (event.type) {
      case 'status':
        this.#emitter.emit('status', event.status);
        return;
      case 'greeted':
        this.#emitter.emit('greeted', event.ready);
        return;
      case 'signedIn':
        if (event.fresh) this.#people.clear();
        this.#emitter.emit('signedIn', { session: event.session, how: event.fresh ? 'fresh' : 'resumed' });
        return;
      case 'signedOut':
        this.#people.clear();
        this.#emitter.emit('signedOut', event);
        return;
      case 'joinFailed':
        this.#people.delete(event.room);
        this.#emitter.emit('joinFailed', event);
        return;
      case 'held':
        this.#emitter.emit('sending', event.hold === null ? { state: 'open' } : { state: 'held', ...event.hold });
        return;
      case 'paused':
        this.#emitter.emit('sending', { state: event.paused ? 'paused' : 'open' });
        return;
      case 'slowed':
        this.#emitter.emit('slowed', event);
        return;
      case 'outbox':
        this.#emitter.emit('unsent', event.entries);
        return;
      case 'frame':
        this.#onFrame(event.frame);
        return;
      case 'signInFailed':
      case 'acknowledged':
      case 'joining':
      case 'requestFailed':
        // Whoever asked has a promise for it.
        return;
    }
  }

  #onFrame(frame: Extract<ClientEvent, { type: 'frame' }>['frame']): void {
    switch (frame.type) {
      case 'channelJoin':
        this.#onJoined(keyOf(frame.channelJoin), frame.channelJoin);
        return;
      case 'channelMessage':
        this.#emitter.emit('message', { room: roomOf(frame.channelMessage), message: frame.channelMessage, via: 'live' });
        return;
      case 'messageChange':
        this.#emitter.emit('change', { room: keyOf(frame.messageChange), change: frame.messageChange, via: 'live' });
        return;
      case 'channelLeave':
        this.#change(keyOf(frame.channelLeave), (people) => left(people, frame.userUUID, frame.channelLeave.usersTotal));
        return;
      case 'sys':
        this.#onSys(frame);
        return;
      default:
        // An answer to what `request` asked.
        return;
    }
  }

  #onJoined(room: RoomKey, joined: ChannelJoined): void {
    const isFirst = !this.#people.has(room);
    const people = { users: joined.users, total: joined.usersTotal };
    this.#people.set(room, people);
    if (isFirst) this.#emitter.emit('joined', { room, joined });
    else if (joined.recovered === true) this.#catchUp(room, joined);
    else this.#emitter.emit('gap', { room, joined });
    this.#emitter.emit('people', { room, people });
  }

  /** What was missed, in the order in which it was said and done. */
  #catchUp(room: RoomKey, { messages, changes = [] }: ChannelJoined): void {
    const missed = [
      ...messages.map((message) => ({ Seq: message.Seq, message, change: null })),
      ...changes.map((change) => ({ Seq: change.Seq, message: null, change })),
    ];
    for (const { message, change } of missed.sort((a, b) => a.Seq - b.Seq)) {
      if (message !== null) this.#emitter.emit('message', { room, message, via: 'missed' });
      else this.#emitter.emit('change', { room, change, via: 'missed' });
    }
  }

  #onSys({ sys, user }: ServerFrameOf<'sys'>): void {
    switch (sys.type) {
      case 'channelJoin': {
        const { usersTotal } = sys.channelJoin;
        this.#change(keyOf(sys.channelJoin), (people) =>
          user === undefined ? { ...people, total: usersTotal ?? people.total } : came(people, user, usersTotal),
        );
        return;
      }
      case 'presence': {
        const { userUUID, username, onLine, usersTotal } = sys.presence;
        this.#change(keyOf(sys.presence), (people) => {
          if (userUUID === undefined || onLine !== true) return left(people, userUUID, usersTotal);
          const known = people.users.find(({ UUID }) => UUID === userUUID);
          return came(people, { UUID: userUUID, Username: username ?? '', ...known, OnLine: true }, usersTotal);
        });
        return;
      }
      case 'typing': {
        const { userUUID, username, on } = sys.typing;
        this.#emitter.emit('typing', { room: keyOf(sys.typing), userUUID, username, state: on ? 'writing' : 'stopped' });
        return;
      }
      case 'read':
        this.#emitter.emit('read', { room: keyOf(sys.read), epoch: sys.read.epoch, seq: sys.read.seq });
        return;
      case 'mention':
        this.#emitter.emit('mention', { room: keyOf(sys.mention), mention: sys.mention });
        return;
      case 'privateMessage':
        this.#emitter.emit('privateMessage', { room: privateRoom(sys.privateMessage.recipientUUID), hint: sys.privateMessage });
        return;
      case 'removed':
        this.#people.delete(keyOf(sys.removed));
        this.#emitter.emit('removed', { room: keyOf(sys.removed), removed: sys.removed });
        return;
      case 'roomChanged':
        this.#emitter.emit('roomChanged', { room: keyOf(sys.roomChanged), settings: sys.roomChanged });
        return;
      case 'muted': {
        const { muted, until = null } = sys.muted;
        this.#emitter.emit('muted', { room: keyOf(sys.muted), state: muted ? 'muted' : 'mayWrite', until });
        return;
      }
      case 'roleChanged': {
        const { room, recipientUUID, role } = sys.roleChanged;
        const isSite = room === undefined && recipientUUID === undefined;
        this.#emitter.emit('roleChanged', { room: isSite ? null : keyOf(sys.roleChanged), role });
        return;
      }
      default:
        // The client itself has seen to the others.
        return;
    }
  }

  #change(room: RoomKey, change: (people: RoomPeople) => RoomPeople): void {
    const before = this.#people.get(room);
    if (before === undefined) return;
    const people = change(before);
    this.#people.set(room, people);
    this.#emitter.emit('people', { room, people });
  }
}
