import {
  keyOf,
  refOf,
  roomOf,
  type Ack,
  type ClientFrame,
  type ErrorBody,
  type RequestId,
  type RoomKey,
  type ServerFrame,
} from '../protocol/index.ts';
import { Asks, isPrivateAnswer, requestFrame, type AnswerOf, type Asked, type BlockOf, type Result } from './asks.ts';
import { Auth } from './auth.ts';
import { Connection } from './connection.ts';
import type { Environment } from './environment.ts';
import { DISCONNECTED, LOST, REMOVED, SIGNED_OUT, SILENCE, TOO_LONG } from './errors.ts';
import type { ClientEvent, Credentials, Emit } from './events.ts';
import { randomUUID } from './ids.ts';
import { Joins } from './joins.ts';
import type { Extras } from './outbox.ts';
import { isQuestion, questionFrame, Requests, type Question, type Request } from './requests.ts';
import { Sender } from './sender.ts';
import type { Session, SessionStore } from './session.ts';
import type { Status } from './status.ts';
import type { KeyValue } from './storage.ts';

export interface ClientOptions {
  readonly env: Environment;
  readonly sessions: SessionStore;
  /** What outlives a reload of this tab: messages that were not acknowledged. */
  readonly tab: KeyValue;
  readonly newId?: () => string;
}

/**
 * A signed-in user's connection: signs in, joins, sends, and after each reconnection resumes, so
 * that nothing is lost and nothing doubled. It holds no messages; those go to its listener.
 */
export class Client {
  readonly #connection: Connection;
  readonly #auth: Auth;
  readonly #joins: Joins;
  readonly #sender: Sender;
  readonly #requests: Requests;
  readonly #asks: Asks;
  readonly #listeners = new Set<Emit>();

  constructor({ env, sessions, tab, newId = randomUUID }: ClientOptions) {
    const emit: Emit = (event) => {
      this.#emit(event);
    };
    this.#requests = new Requests(env.clock);
    this.#asks = new Asks(env.clock);
    this.#connection = new Connection(env, {
      onStatus: (status) => {
        emit({ type: 'status', status });
      },
      onGreeted: (ready) => {
        emit({ type: 'greeted', ready });
        this.#auth.onGreeted();
      },
      onFrame: (frame) => {
        this.#onFrame(frame);
      },
      onDown: () => {
        this.#onDown();
      },
    });
    this.#joins = new Joins(env, {
      emit,
      isSignedIn: () => this.#auth.isSignedIn,
      request: (room, channelJoin) => {
        this.#request({ kind: 'join', room }, (id) => ({ id, type: 'channelJoin', channelJoin }));
      },
    });
    this.#sender = new Sender(env, {
      emit,
      isReady: () => this.status.name === 'ready',
      isJoined: (room) => this.#joins.members.get(room)?.phase === 'joined',
      onStray: (room) => {
        if (this.#joins.members.get(room) !== undefined) this.#joins.send(room);
      },
      fits: (frame) => this.#connection.fits(frame),
      send: (frame) => {
        this.#connection.send(frame);
      },
      tab,
      newId,
    });
    this.#auth = new Auth(env, this.#connection, sessions, {
      emit,
      request: (request, build) => {
        this.#request(request, build);
      },
      resuming: () => this.#joins.resuming(),
      onResumeRefused: () => {
        this.#joins.members.disconnect();
      },
      onNewUser: ({ userUUID }) => {
        this.#joins.clear();
        this.#sender.open(userUUID);
      },
      onSignedIn: (how) => {
        if (how === 'fresh') this.#sender.tell();
        this.#joins.sendWanted();
      },
      onReady: () => {
        this.#sender.ready();
      },
      onForgotten: (why) => {
        this.#joins.clear();
        // Whose key has expired signs in again, and what they wrote still waits.
        this.#sender.close(why === 'expired' ? 'keep' : 'forget');
        this.#asks.failAll(SIGNED_OUT);
      },
    });
    // At once: what is written before the connection is there must not take the place of what waits.
    if (this.session !== null) this.#sender.open(this.session.userUUID);
  }

  get status(): Status {
    return this.#connection.status;
  }

  /** Who is signed in, or will be when the connection is there. */
  get session(): Session | null {
    return this.#auth.session;
  }

  listen(listener: (event: ClientEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  /** Connects, unless a connection is there or on its way; does not wait if one is to be tried later. */
  start(): void {
    this.#connection.start();
  }

  /** Ends the connection until `start`. Who is signed in stays so, and what waits to be sent waits. */
  stop(): void {
    this.#connection.stop();
  }

  /** Signs in as somebody else, or as the first; answered by `signedIn` or `signInFailed`. */
  signIn(credentials: Credentials): void {
    this.#auth.signIn(credentials);
  }

  signOut(): void {
    this.#auth.signOut();
  }

  /** For the `storage` event of the page: another tab may have signed out of our session. */
  onStorage(change: { key: string | null; oldValue: string | null; newValue: string | null }): void {
    this.#auth.onStorage(change);
  }

  /** Joins a room; one that somebody waits for goes before those that wait already. */
  join(room: RoomKey, isUrgent = false): void {
    this.#joins.want(room, isUrgent);
  }

  leave(room: RoomKey): void {
    if (this.#joins.members.get(room) === undefined) return;
    this.#joins.members.drop(room);
    this.#sender.leave(room);
    if (this.#auth.isSignedIn) {
      this.#request({ kind: 'leave' }, (id) => ({ id, type: 'channelLeave', channelLeave: refOf(room) }));
    }
  }

  /** Sends, or keeps until it can be sent. The message's id. */
  send(room: RoomKey, text: string, extras: Extras = {}): string {
    return this.#sender.add(room, text, extras);
  }

  /** What becomes of a message that was just given to `send`, however long it takes. */
  outcome(id: string): Promise<Result<Ack>> {
    return this.#sender.outcome(id);
  }

  retry(id: string): void {
    this.#sender.retry(id);
  }

  discard(id: string): void {
    this.#sender.discard(id);
  }

  /** Asks for messages before `before`; answered by a `channelMessages` frame or `requestFailed`. */
  older(room: RoomKey, before: number): void {
    this.#ask({ kind: 'history', room, before });
  }

  users(offset = 0): void {
    this.#ask({ kind: 'users', offset });
  }

  rooms(offset = 0): void {
    this.#ask({ kind: 'rooms', offset });
  }

  /** The latest private rooms, joined or not; answered by a `privateRooms` frame or `requestFailed`. */
  privateRooms(): void {
    this.#ask({ kind: 'privateRooms' });
  }

  /** Asks for something that has one answer. It is never sent again: who asked decides. */
  ask<K extends Asked>(type: K, block: BlockOf<K>): Promise<Result<AnswerOf<K>>> {
    if (!this.#auth.isSignedIn) return Promise.resolve({ ok: false, error: DISCONNECTED });
    const id = this.#requests.nextId();
    const frame = requestFrame(id, type, block);
    if (!this.#connection.fits(frame)) return Promise.resolve({ ok: false, error: TOO_LONG });
    const answer = this.#asks.wait<AnswerOf<K>>(id, SILENCE);
    this.#connection.send(frame);
    return answer;
  }

  /** Tells a room that we are writing, or not any more. Nothing hangs on its arriving. */
  typing(room: RoomKey, on: boolean): void {
    if (!this.#auth.isSignedIn || this.#joins.members.get(room)?.phase !== 'joined') return;
    this.#connection.send({ type: 'typing', typing: { ...refOf(room), on } });
  }

  #emit(event: ClientEvent): void {
    for (const listener of this.#listeners) listener(event);
  }

  #request(request: Request, build: (id: string) => ClientFrame): void {
    this.#connection.send(build(this.#requests.add(request)));
  }

  #ask(question: Question): void {
    if (this.#auth.isSignedIn) this.#request(question, (id) => questionFrame(id, question));
    else this.#askFailed(question, DISCONNECTED);
  }

  #askFailed(question: Question, error: ErrorBody): void {
    const room = question.kind === 'history' ? question.room : null;
    this.#emit({ type: 'requestFailed', request: question.kind, room, error });
  }

  #onDown(): void {
    const requests = this.#requests.clear();
    this.#auth.onDown();
    this.#joins.disconnect();
    this.#sender.disconnect();
    for (const request of requests) {
      if (isQuestion(request)) this.#askFailed(request, LOST);
    }
    this.#asks.failAll(LOST);
    this.#auth.onLost(LOST);
  }

  #onFrame(frame: ServerFrame): void {
    if (this.#asks.answer(frame)) {
      // Who asked is told; what the page shows may change by it as well.
      if (!isPrivateAnswer(frame)) this.#emit({ type: 'frame', frame });
      return;
    }
    const request = this.#requests.take(frame);
    switch (frame.type) {
      case 'authorized':
        this.#auth.onAuthorized(frame.authorized, request);
        return;
      case 'resume':
        for (const room of frame.resume.rooms) {
          if (room.error !== undefined) this.#joinRefused(keyOf(room), room.error);
        }
        this.#auth.onResumed();
        return;
      case 'signOut':
        this.#auth.onSignedOut();
        return;
      case 'ack':
        this.#sender.onAck(frame.id, frame.ack);
        return;
      case 'error':
        this.#onError(frame.id, frame.error, request);
        return;
      case 'channelJoin':
        this.#onJoined(frame);
        return;
      case 'channelMessage':
        this.#onMessage(frame);
        return;
      case 'messageChange':
        this.#onChange(frame);
        return;
      case 'sys':
        this.#onSys(frame);
        return;
      default:
        this.#emit({ type: 'frame', frame });
    }
  }

  #onSys(frame: Extract<ServerFrame, { type: 'sys' }>): void {
    switch (frame.sys.type) {
      case 'sending':
        this.#sender.pause(frame.sys.sending.paused);
        return;
      case 'resync':
        this.#joins.again(keyOf(frame.sys.resync));
        return;
      case 'signedOut':
        this.#auth.end(frame.sys.signedOut.why === 'passwordChanged' ? 'passwordChanged' : 'sessionEnded', null);
        return;
      case 'removed':
        this.#onRemoved(keyOf(frame.sys.removed));
        break;
      default:
    }
    this.#emit({ type: 'frame', frame });
  }

  /** Out of a room by somebody else's doing. What was to be said there was not said. */
  #onRemoved(room: RoomKey): void {
    this.#joins.members.drop(room);
    this.#sender.failRoom(room, REMOVED);
  }

  #onJoined(frame: Extract<ServerFrame, { type: 'channelJoin' }>): void {
    const joined = frame.channelJoin;
    const room = keyOf(joined);
    // Left again before the answer came.
    if (this.#joins.members.get(room) === undefined) return;
    this.#joins.members.joined(room, joined.epoch, joined.seq);
    for (const message of joined.messages) this.#sender.onOwn(message);
    if (joined.recovered !== true) this.#sender.giveUpUncertain(room);
    this.#sender.tell();
    this.#emit({ type: 'frame', frame });
    this.#sender.flush();
  }

  #onMessage(frame: Extract<ServerFrame, { type: 'channelMessage' }>): void {
    const message = frame.channelMessage;
    const room = roomOf(message);
    if (this.#joins.members.get(room) === undefined) return;
    if (this.#sender.onOwn(message)) this.#sender.tell();
    this.#inOrder(room, message, frame);
    this.#sender.flush();
  }

  /** A change takes a place in the room's order as a message does, whatever it changes. */
  #onChange(frame: Extract<ServerFrame, { type: 'messageChange' }>): void {
    const change = frame.messageChange;
    const room = keyOf(change);
    if (this.#joins.members.get(room) !== undefined) this.#inOrder(room, change, frame);
  }

  #inOrder(room: RoomKey, { Epoch, Seq }: { Epoch: string; Seq: number }, frame: ServerFrame): void {
    const place = this.#joins.members.place(room, Epoch, Seq);
    if (place !== 'known') this.#emit({ type: 'frame', frame });
    if (place === 'gap') this.#joins.again(room);
  }

  #onError(id: RequestId | undefined, error: ErrorBody, request: Request | undefined): void {
    // Without an id it is about the whole connection: a user who was banned is about to be cut off.
    if (id === undefined && error.reason === 'banned') {
      this.#auth.end('banned', error);
      return;
    }
    if (this.#sender.onRefused(id, error)) return;
    this.#onRequestRefused(request, error);
    if (id === undefined && error.reason === 'rateLimited') this.#onFrameRefused(error);
  }

  #onFrameRefused(error: ErrorBody): void {
    const asked = this.#asks.ids;
    this.#requests.onFrameRefused(error, (unanswered) => {
      for (const request of unanswered) this.#onRequestRefused(request, error);
      for (const id of asked) this.#asks.fail(id, error);
    });
  }

  /** Of `leave` and `signOut` nothing hangs. */
  #onRequestRefused(request: Request | undefined, error: ErrorBody): void {
    if (request === undefined) return;
    if (request.kind === 'auth' || request.kind === 'resume') this.#auth.onRefused(request.kind, error);
    else if (request.kind === 'join') this.#joinRefused(request.room, error);
    else if (isQuestion(request)) this.#askFailed(request, error);
  }

  #joinRefused(room: RoomKey, error: ErrorBody): void {
    if (!this.#joins.refused(room, error)) return;
    this.#sender.failRoom(room, error);
    this.#emit({ type: 'joinFailed', room, error });
  }
}
