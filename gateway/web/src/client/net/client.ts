import {
  keyOf,
  refOf,
  roomOf,
  type Ack,
  type ClientFrame,
  type ErrorBody,
  type Message,
  type MessageExtras,
  type Ready,
  type Resumed,
  type RequestId,
  type RoomKey,
  type ServerFrame,
} from '../protocol/index.ts';
import { Asks, type AnswerOf, type Asked, type BlockOf, type Result } from './asks.ts';
import { backoff } from './backoff.ts';
import { Timer } from './clock.ts';
import { Connection } from './connection.ts';
import type { Environment } from './environment.ts';
import { randomUUID } from './ids.ts';
import { Members } from './members.ts';
import { Outbox, type Extras, type Outgoing } from './outbox.ts';
import { Pace } from './pace.ts';
import { isSignOutElsewhere, type Session, type SessionStore } from './session.ts';
import type { Status } from './status.ts';
import { readJson, type KeyValue } from './storage.ts';

/** The messages asked for on joining: more than a screen. */
const JOIN_HISTORY_MESSAGES = 50;
/** A page of older history. */
const OLDER_HISTORY_MESSAGES = 50;
const LIST_PAGE_ENTRIES = 100;
/** The private rooms asked for: the latest ones. */
const PRIVATE_ROOMS = 50;
/**
 * Joins that go out at once, and the interval of those behind them. A gateway lets a connection
 * send 60 frames in 10 s by default: half of them for joining leaves enough for people.
 */
const JOIN_BURST = 30;
const JOIN_INTERVAL_MS = 500;
/** How long an answer may still come after the gateway refused a frame without saying which. */
const REFUSED_FRAME_MS = 2_000;
/** How long the gateway remembers a `clientMessageId` is 5 min; this leaves time to arrive. */
const DEDUPLICATION_MS = 4.5 * 60_000;
/** Silence about a message on a living connection that makes us send it again. */
const ACK_TIMEOUT_MS = 20_000;
/** Frames sent in vain because the room was not joined, before the message fails. */
const MOST_STRAYS = 3;
/** Waiting for the answer to `signOut` before going on without. */
const SIGN_OUT_TIMEOUT_MS = 2_000;

/** Answers that only who asked makes something of. */
const PRIVATE_ANSWERS: ReadonlySet<ServerFrame['type']> = new Set(['error', 'ack', 'done', 'users', 'channelMessages']);

export type Credentials =
  | { kind: 'password'; username: string; password: string }
  | { kind: 'signUp'; username: string; password: string }
  | { kind: 'guest'; nickname: string };

/** What happened. `frame` is what the gateway sent and the client has no more to say about. */
export type ClientEvent =
  | { type: 'status'; status: Status }
  | { type: 'greeted'; ready: Ready }
  /** `fresh`: no room is joined yet, neither by a new user nor after a reload. */
  | { type: 'signedIn'; session: Session; fresh: boolean }
  /** `error` is what the gateway said of it. */
  | { type: 'signedOut'; why: SignedOutWhy; error: ErrorBody | null }
  | { type: 'signInFailed'; error: ErrorBody }
  | { type: 'outbox'; entries: readonly Outgoing[] }
  | { type: 'acknowledged'; entry: Outgoing; ack: Ack }
  /** Sending waits until `until`, for the reason given; `null` when it goes on. */
  | { type: 'held'; hold: Hold | null }
  | { type: 'paused'; paused: boolean }
  /** The room takes our next message at `until`. */
  | { type: 'slowed'; room: RoomKey; until: number }
  | { type: 'joining'; room: RoomKey }
  | { type: 'joinFailed'; room: RoomKey; error: ErrorBody }
  | { type: 'requestFailed'; request: Question['kind']; room: RoomKey | null; error: ErrorBody }
  | { type: 'frame'; frame: ServerFrame };

/** `banned`: from the whole server; the two before it were done on another device. */
export type SignedOutWhy = 'asked' | 'elsewhere' | 'expired' | 'passwordChanged' | 'sessionEnded' | 'banned';

export interface Hold {
  readonly until: number;
  readonly error: ErrorBody;
}

type Request =
  | { kind: 'auth' }
  | { kind: 'resume' }
  | { kind: 'join'; room: RoomKey }
  | { kind: 'leave' }
  | { kind: 'signOut' }
  | Question;

/** What is only asked while signed in, and whose failing is told. */
type Question = { kind: 'users' | 'rooms' | 'privateRooms' } | { kind: 'history'; room: RoomKey };

export interface ClientOptions {
  readonly env: Environment;
  readonly sessions: SessionStore;
  /** What outlives a reload of this tab: messages that were not acknowledged. */
  readonly tab: KeyValue;
  readonly newId?: () => string;
}

/** An error of this client's own, in the shape of the gateway's. */
export function localError(reason: string, error: string, retryable: boolean): ErrorBody {
  return { code: 0, reason, error, retryable };
}

function wireExtras({ quote, poll, photo }: Extras): MessageExtras {
  return {
    ...(quote === undefined ? {} : { replyTo: { uuid: quote.UUID, seq: quote.Seq } }),
    ...(poll === undefined ? {} : { poll }),
    ...(photo === undefined ? {} : { photo: photo.Id }),
  };
}

function isQuestion(request: Request): request is Question {
  return ['users', 'rooms', 'privateRooms', 'history'].includes(request.kind);
}

/**
 * A signed-in user's connection: signs in, joins, sends, and after each reconnection resumes, so
 * that nothing is lost and nothing doubled. It holds no messages; those go to its listener.
 */
export class Client {
  readonly #connection: Connection;
  readonly #env: Environment;
  readonly #sessions: SessionStore;
  readonly #tab: KeyValue;
  readonly #newId: () => string;
  readonly #members = new Members();
  readonly #outbox = new Outbox();
  readonly #requests = new Map<RequestId, Request>();
  readonly #asks: Asks;
  /** Rooms in slow mode, and when they take our next message. */
  readonly #slowed = new Set<RoomKey>();
  readonly #listeners = new Set<(event: ClientEvent) => void>();
  #lastRequest = 0;
  #session: Session | null;
  /** An attempt to sign in that somebody waits for. */
  #attempt: Credentials | null = null;
  /** Signed in on this connection. */
  #authorized = false;
  /** This page has been signed in before, so its rooms are to be resumed. */
  #established = false;
  /** `resume` with rooms was refused; sign in alone and join them one by one. */
  #resumeRooms = true;
  #paused = false;
  #hold: Hold | null = null;
  /** Refusals in a row, each for the gateway's troubles and not for the message's. */
  #refusals = 0;
  readonly #holdTimer: Timer;
  readonly #authTimer: Timer;
  readonly #ackTimer: Timer;
  readonly #signOutTimer: Timer;
  /** Rooms whose join waits for its turn. */
  #joinQueue: RoomKey[] = [];
  readonly #joinPace: Pace;
  readonly #joinTimer: Timer;

  constructor(options: ClientOptions) {
    this.#env = options.env;
    this.#sessions = options.sessions;
    this.#tab = options.tab;
    this.#newId = options.newId ?? randomUUID;
    this.#session = options.sessions.load();
    // At once: what is written before the connection is there must not take the place of what waits.
    this.#restoreOutbox();
    const { clock } = options.env;
    this.#asks = new Asks(clock);
    this.#holdTimer = new Timer(clock);
    this.#authTimer = new Timer(clock);
    this.#ackTimer = new Timer(clock);
    this.#signOutTimer = new Timer(clock);
    this.#joinPace = new Pace(clock, JOIN_BURST, JOIN_INTERVAL_MS);
    this.#joinTimer = new Timer(clock);
    this.#connection = new Connection(options.env, {
      onStatus: (status) => {
        this.#emit({ type: 'status', status });
      },
      onGreeted: (ready) => {
        this.#onGreeted(ready);
      },
      onFrame: (frame) => {
        this.#onFrame(frame);
      },
      onDown: () => {
        this.#onDown();
      },
    });
  }

  get status(): Status {
    return this.#connection.status;
  }

  /** Who is signed in, or will be when the connection is there. */
  get session(): Session | null {
    return this.#session;
  }

  listen(listener: (event: ClientEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  start(): void {
    this.#connection.start();
  }

  /** Signs in as somebody else, or as the first; answered by `signedIn` or `signInFailed`. */
  signIn(credentials: Credentials): void {
    this.#attempt = credentials;
    this.#signOutTimer.clear();
    if (this.#connection.usable) this.#sendAttempt(credentials);
    else this.#connection.start();
  }

  signOut(): void {
    if (this.#authorized) {
      this.#request({ kind: 'signOut' }, (id) => ({ id, type: 'signOut' }));
      this.#signOutTimer.set(SIGN_OUT_TIMEOUT_MS, () => {
        this.#connection.stop();
        this.#connection.start();
      });
    }
    this.#forget('asked');
  }

  /** For the `storage` event of the page: another tab may have signed out of our session. */
  onStorage(change: { key: string | null; oldValue: string | null; newValue: string | null }): void {
    if (this.#session !== null && isSignOutElsewhere(change, this.#session)) {
      this.#forgetAndReconnect('elsewhere', null);
    }
  }

  /** Joins a room; one that somebody waits for goes before those that wait already. */
  join(room: RoomKey, isUrgent = false): void {
    const { phase } = this.#members.want(room);
    const isDue = (phase === 'wanted' && this.#authorized) || (isUrgent && this.#joinQueue.includes(room));
    if (isDue) this.#sendJoin(room, isUrgent);
    else if (phase !== 'joined') this.#emit({ type: 'joining', room });
  }

  leave(room: RoomKey): void {
    if (this.#members.get(room) === undefined) return;
    this.#members.drop(room);
    this.#outbox.dropRoom(room);
    this.#outboxChanged();
    if (this.#authorized) {
      this.#request({ kind: 'leave' }, (id) => ({ id, type: 'channelLeave', channelLeave: refOf(room) }));
    }
  }

  /** Sends, or keeps until it can be sent. The message's id. */
  send(room: RoomKey, text: string, extras: Extras = {}): string {
    const id = this.#newId();
    this.#outbox.add(id, room, text, this.#env.clock.now(), extras);
    this.#flush();
    this.#outboxChanged();
    return id;
  }

  retry(id: string): void {
    this.#outbox.retry(id, this.#env.clock.now());
    this.#flush();
    this.#outboxChanged();
  }

  discard(id: string): void {
    this.#outbox.settle(id);
    this.#outboxChanged();
    this.#flush();
  }

  /** Asks for messages before `before`; answered by a `channelMessages` frame or `requestFailed`. */
  older(room: RoomKey, before: number): void {
    this.#ask({ kind: 'history', room }, (id) => ({
      id,
      type: 'channelMessages',
      channelMessages: { ...refOf(room), before, limit: OLDER_HISTORY_MESSAGES },
    }));
  }

  users(offset = 0): void {
    this.#ask({ kind: 'users' }, (id) => ({ id, type: 'users', users: { offset, limit: LIST_PAGE_ENTRIES } }));
  }

  rooms(offset = 0): void {
    this.#ask({ kind: 'rooms' }, (id) => ({ id, type: 'rooms', rooms: { offset, limit: LIST_PAGE_ENTRIES } }));
  }

  /** The latest private rooms, joined or not; answered by a `privateRooms` frame or `requestFailed`. */
  privateRooms(): void {
    this.#ask({ kind: 'privateRooms' }, (id) => ({ id, type: 'privateRooms', privateRooms: { limit: PRIVATE_ROOMS } }));
  }

  /** Asks for something that has one answer. It is never sent again: who asked decides. */
  ask<K extends Asked>(type: K, block: BlockOf<K>): Promise<Result<AnswerOf<K>>> {
    const disconnected = localError('disconnected', 'There is no connection now. Try again in a moment.', true);
    if (!this.#authorized) return Promise.resolve({ ok: false, error: disconnected });
    const id = this.#nextId();
    const silence = localError('noAnswer', 'The server did not answer. Try again.', true);
    const answer = this.#asks.wait<AnswerOf<K>>(id, silence);
    this.#connection.send({ id, type, ...(block === undefined ? {} : { [type]: block }) } as unknown as ClientFrame);
    return answer;
  }

  /** Tells a room that we are writing, or not any more. Nothing hangs on its arriving. */
  typing(room: RoomKey, on: boolean): void {
    if (!this.#authorized || this.#members.get(room)?.phase !== 'joined') return;
    this.#connection.send({ type: 'typing', typing: { ...refOf(room), on } });
  }

  #emit(event: ClientEvent): void {
    for (const listener of this.#listeners) listener(event);
  }

  // Requests and their answers.

  #nextId(): string {
    this.#lastRequest += 1;
    return `r${this.#lastRequest}`;
  }

  #request(request: Request, build: (id: string) => ClientFrame): void {
    const id = this.#nextId();
    this.#requests.set(id, request);
    this.#connection.send(build(id));
  }

  #ask(request: Question, build: (id: string) => ClientFrame): void {
    if (this.#authorized) this.#request(request, build);
    else this.#askFailed(request, localError('disconnected', 'There is no connection now.', true));
  }

  #askFailed(request: Question, error: ErrorBody): void {
    const room = request.kind === 'history' ? request.room : null;
    this.#emit({ type: 'requestFailed', request: request.kind, room, error });
  }

  #sendAttempt(credentials: Credentials): void {
    this.#connection.enter('authenticating');
    this.#request({ kind: 'auth' }, (id) => {
      switch (credentials.kind) {
        case 'password':
          return { id, type: 'signIn', signIn: { username: credentials.username, password: credentials.password } };
        case 'signUp':
          return { id, type: 'signUp', signUp: { username: credentials.username, password: credentials.password } };
        case 'guest':
          return { id, type: 'signIn', signIn: { nickname: credentials.nickname } };
      }
    });
  }

  #sendResume(session: Session): void {
    this.#connection.enter('authenticating');
    const members = this.#resumeRooms ? this.#members.all() : [];
    for (const member of members) member.phase = 'joining';
    this.#request({ kind: 'resume' }, (id) => ({
      id,
      type: 'resume',
      resume: {
        userUUID: session.userUUID,
        accessKey: session.accessKey,
        rooms: members.map(({ room, epoch, seq }) => ({ ...refOf(room), epoch, seq })),
      },
    }));
  }

  #sendJoin(room: RoomKey, isUrgent = false): void {
    const member = this.#members.want(room);
    member.phase = 'joining';
    this.#emit({ type: 'joining', room });
    const others = this.#joinQueue.filter((other) => other !== room);
    this.#joinQueue = isUrgent ? [room, ...others] : [...others, room];
    this.#sendQueuedJoins();
  }

  #sendQueuedJoins(): void {
    for (;;) {
      const room = this.#joinQueue[0];
      if (room === undefined) return;
      // Left again before its turn came.
      const isWanted = this.#members.get(room) !== undefined;
      const wait = isWanted ? this.#joinPace.take() : 0;
      if (wait > 0) {
        this.#joinTimer.set(wait, () => {
          this.#sendQueuedJoins();
        });
        return;
      }
      this.#joinQueue.shift();
      if (!isWanted) continue;
      this.#request({ kind: 'join', room }, (id) => ({
        id,
        type: 'channelJoin',
        channelJoin: { ...refOf(room), keepJoined: true, limit: JOIN_HISTORY_MESSAGES },
      }));
    }
  }

  #dropQueuedJoins(): void {
    this.#joinQueue = [];
    this.#joinTimer.clear();
  }

  // The connection's ups and downs.

  #onGreeted(ready: Ready): void {
    this.#emit({ type: 'greeted', ready });
    if (this.#attempt !== null) this.#sendAttempt(this.#attempt);
    else if (this.#session !== null) this.#sendResume(this.#session);
    else this.#connection.enter('open');
  }

  #onDown(): void {
    const requests = [...this.#requests.values()];
    this.#requests.clear();
    this.#authorized = false;
    this.#members.disconnect();
    this.#dropQueuedJoins();
    // Each connection has a limit of its own.
    this.#joinPace.reset();
    for (const timer of [this.#authTimer, this.#ackTimer, this.#signOutTimer]) timer.clear();
    if (this.#outbox.requeueSent()) this.#outboxChanged();
    this.#setHold(null);
    this.#setPaused(false);
    const lost = localError('disconnected', 'The connection was lost. Try again in a moment.', true);
    for (const request of requests) {
      if (isQuestion(request)) this.#askFailed(request, lost);
    }
    this.#asks.failAll(lost);
    if (this.#attempt !== null) {
      this.#attempt = null;
      this.#emit({ type: 'signInFailed', error: lost });
    }
  }

  #onFrame(frame: ServerFrame): void {
    if (this.#asks.answer(frame)) {
      // Who asked is told; what the page shows may change by it as well.
      if (!PRIVATE_ANSWERS.has(frame.type)) this.#emit({ type: 'frame', frame });
      return;
    }
    const request = this.#take(frame);
    switch (frame.type) {
      case 'authorized':
        this.#onAuthorized(frame.authorized, request);
        return;
      case 'resume':
        this.#onResumed(frame.resume);
        return;
      case 'signOut':
        this.#signOutTimer.clear();
        if (this.#session === null && this.#attempt === null) this.#connection.enter('open');
        return;
      case 'ack':
        this.#onAck(frame.id, frame.ack);
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
        this.#setPaused(frame.sys.sending.paused);
        return;
      case 'resync':
        this.#rejoin(keyOf(frame.sys.resync));
        return;
      case 'removed':
        this.#onRemoved(keyOf(frame.sys.removed));
        break;
      case 'signedOut':
        this.#forgetAndReconnect(frame.sys.signedOut.why === 'passwordChanged' ? 'passwordChanged' : 'sessionEnded', null);
        return;
      default:
    }
    this.#emit({ type: 'frame', frame });
  }

  /** Out of a room by somebody else's doing. What was to be said there was not said. */
  #onRemoved(room: RoomKey): void {
    this.#members.drop(room);
    const error = localError('removed', 'You are no longer in this room.', false);
    for (const entry of this.#outbox.entries) {
      if (entry.room === room) this.#outbox.fail(entry.id, error);
    }
    this.#outboxChanged();
  }

  /** The request that a frame answers. A `resume` is answered by several frames. */
  #take(frame: ServerFrame): Request | undefined {
    if (frame.id === undefined) return undefined;
    const request = this.#requests.get(frame.id);
    if (request?.kind !== 'resume' || frame.type === 'resume' || frame.type === 'error') {
      this.#requests.delete(frame.id);
    }
    return request;
  }

  #onAuthorized(session: Session, request: Request | undefined): void {
    const attempt = this.#attempt;
    const isAttempt = request?.kind === 'auth' && attempt !== null;
    // An answer to what was given up since, as by signing out.
    if (!isAttempt && this.#session === null) return;
    this.#attempt = null;
    this.#authorized = true;
    if (isAttempt) {
      this.#sessions.save(session);
      this.#members.clear();
      this.#dropQueuedJoins();
      this.#outbox.clear();
      this.#established = false;
      this.#session = session;
      this.#restoreOutbox();
    } else {
      this.#sessions.refresh(session);
    }
    const fresh = !this.#established;
    this.#session = session;
    this.#established = true;
    this.#emit({ type: 'signedIn', session, fresh });
    if (fresh) this.#outboxChanged();
    for (const member of this.#members.all()) {
      if (member.phase === 'wanted') this.#sendJoin(member.room);
    }
    if (isAttempt) this.#enterReady();
  }

  #onResumed(resumed: Resumed): void {
    this.#resumeRooms = true;
    for (const answer of resumed.rooms) {
      if (answer.error === undefined) continue;
      this.#joinFailed(keyOf(answer), answer.error);
    }
    if (this.#authorized) this.#enterReady();
  }

  #enterReady(): void {
    this.#connection.enter('ready');
    this.#watchAcks();
    this.#flush();
    this.#outboxChanged();
  }

  #onJoined(frame: Extract<ServerFrame, { type: 'channelJoin' }>): void {
    const joined = frame.channelJoin;
    const room = keyOf(joined);
    // Left again before the answer came.
    if (this.#members.get(room) === undefined) return;
    this.#members.joined(room, joined.epoch, joined.seq);
    for (const message of joined.messages) this.#settleOwn(message);
    if (joined.recovered !== true) this.#giveUpUncertain(room);
    this.#outboxChanged();
    this.#emit({ type: 'frame', frame });
    this.#flush();
  }

  #onMessage(frame: Extract<ServerFrame, { type: 'channelMessage' }>): void {
    const message = frame.channelMessage;
    const room = roomOf(message);
    if (this.#members.get(room) === undefined) return;
    const complete = this.#members.received(room, message.Epoch, message.Seq);
    if (this.#settleOwn(message)) this.#outboxChanged();
    this.#emit({ type: 'frame', frame });
    if (!complete) this.#rejoin(room);
    this.#flush();
  }

  /** A change takes a place in the room's order as a message does, whatever it changes. */
  #onChange(frame: Extract<ServerFrame, { type: 'messageChange' }>): void {
    const change = frame.messageChange;
    const room = keyOf(change);
    if (this.#members.get(room) === undefined) return;
    const complete = this.#members.received(room, change.Epoch, change.Seq);
    this.#emit({ type: 'frame', frame });
    if (!complete) this.#rejoin(room);
  }

  #onError(id: RequestId | undefined, error: ErrorBody, request: Request | undefined): void {
    // Without an id it is about the whole connection: a user who was banned is about to be cut off.
    if (id === undefined && error.reason === 'banned') {
      this.#forgetAndReconnect('banned', error);
      return;
    }
    const entry = this.#outbox.find(id);
    if (entry !== undefined) {
      this.#onRefused(entry, error);
      return;
    }
    this.#onRequestRefused(request, error);
    if (id === undefined && error.reason === 'rateLimited') this.#onFrameRefused(error);
  }

  /** One frame too many was not even read. What then stays without an answer counts as refused. */
  #onFrameRefused(error: ErrorBody): void {
    const pending = [...this.#requests.keys()];
    const asked = this.#asks.ids;
    this.#env.clock.after(Math.max(error.retryAfterMs ?? 0, REFUSED_FRAME_MS), () => {
      for (const id of pending) {
        const request = this.#requests.get(id);
        if (request === undefined || (request.kind !== 'join' && !isQuestion(request))) continue;
        this.#requests.delete(id);
        this.#onRequestRefused(request, error);
      }
      for (const id of asked) this.#asks.fail(id, error);
    });
  }

  #onRequestRefused(request: Request | undefined, error: ErrorBody): void {
    switch (request?.kind) {
      case 'auth':
        this.#attempt = null;
        this.#connection.enter('open');
        this.#emit({ type: 'signInFailed', error });
        return;
      case 'resume':
        this.#onResumeRefused(error);
        return;
      case 'join':
        this.#joinFailed(request.room, error);
        return;
      case 'users':
      case 'rooms':
      case 'privateRooms':
      case 'history':
        this.#askFailed(request, error);
        return;
      default:
        // Of `leave` and `signOut` nothing hangs.
        return;
    }
  }

  #onResumeRefused(error: ErrorBody): void {
    const session = this.#session;
    if (session === null) return;
    if (error.retryable === true) {
      this.#members.disconnect();
      this.#authTimer.set(error.retryAfterMs ?? backoff(1, this.#env.random), () => {
        this.#sendResume(session);
      });
    } else if (error.reason === 'banned') {
      this.#forget('banned', error);
      this.#connection.enter('open');
    } else if (error.reason === 'sessionExpired' || !this.#resumeRooms) {
      this.#forget('expired');
      this.#connection.enter('open');
    } else {
      // One of the rooms may be what is wrong: sign in without, and join them one by one.
      this.#resumeRooms = false;
      this.#members.disconnect();
      this.#sendResume(session);
    }
  }

  #joinFailed(room: RoomKey, error: ErrorBody): void {
    const member = this.#members.get(room);
    if (member === undefined) return;
    if (error.retryable === true) {
      member.phase = 'wanted';
      this.#env.clock.after(error.retryAfterMs ?? backoff(2, this.#env.random), () => {
        if (this.#authorized && this.#members.get(room)?.phase === 'wanted') this.#sendJoin(room);
      });
      return;
    }
    this.#members.drop(room);
    for (const entry of this.#outbox.entries) {
      if (entry.room === room) this.#outbox.fail(entry.id, error);
    }
    this.#outboxChanged();
    this.#emit({ type: 'joinFailed', room, error });
  }

  #rejoin(room: RoomKey): void {
    if (this.#authorized && this.#members.get(room)?.phase === 'joined') this.#sendJoin(room);
  }

  /** The server ended it; the next connection is nobody's. */
  #forgetAndReconnect(why: SignedOutWhy, error: ErrorBody | null): void {
    this.#forget(why, error);
    this.#connection.stop();
    this.#connection.start();
  }

  /** Nobody is signed in any more, as far as this page is concerned. */
  #forget(why: SignedOutWhy, error: ErrorBody | null = null): void {
    const session = this.#session;
    if (session !== null) {
      this.#sessions.forget(session);
      // Whose key has expired signs in again, and what they wrote still waits.
      if (why !== 'expired') this.#tab.remove(this.#outboxKey(session));
    }
    this.#session = null;
    this.#authorized = false;
    this.#established = false;
    this.#resumeRooms = true;
    this.#members.clear();
    this.#dropQueuedJoins();
    this.#outbox.clear();
    this.#authTimer.clear();
    this.#ackTimer.clear();
    this.#setHold(null);
    this.#asks.failAll(localError('signedOut', 'You are signed out.', false));
    this.#slowed.clear();
    this.#emit({ type: 'signedOut', why, error });
  }

  // Sending.

  #flush(): void {
    if (this.status.name !== 'ready' || this.#paused || this.#hold !== null) return;
    for (const entry of this.#outbox.due(this.#slowed)) {
      if (this.#members.get(entry.room)?.phase !== 'joined') continue;
      this.#outbox.markSent(entry.id, this.#env.clock.now());
      this.#connection.send({
        id: entry.id,
        type: 'channelMessage',
        channelMessage: {
          ...refOf(entry.room),
          message: entry.text,
          clientMessageId: entry.id,
          ...wireExtras(entry.extras),
        },
      });
    }
  }

  #outboxChanged(): void {
    const { entries } = this.#outbox;
    if (this.#session !== null) {
      const key = this.#outboxKey(this.#session);
      if (entries.length === 0) this.#tab.remove(key);
      else this.#tab.set(key, JSON.stringify(entries));
    }
    this.#emit({ type: 'outbox', entries });
  }

  #restoreOutbox(): void {
    if (this.#session !== null) this.#outbox.restore(readJson(this.#tab, this.#outboxKey(this.#session)));
  }

  #outboxKey(session: Session): string {
    return `parlor.outbox.${session.userUUID}`;
  }

  #onAck(id: RequestId | undefined, ack: Ack): void {
    const entry = this.#outbox.find(ack.ClientMessageId ?? id);
    if (entry === undefined) return;
    this.#refusals = 0;
    this.#outbox.settle(entry.id);
    this.#flush();
    this.#outboxChanged();
    this.#emit({ type: 'acknowledged', entry, ack });
  }

  /** Our own copy acknowledges as well as an `ack` does. */
  #settleOwn(message: Message): boolean {
    const { ClientMessageId: id, SenderUUID: sender } = message;
    if (id === undefined || sender !== this.#session?.userUUID) return false;
    this.#refusals = 0;
    return this.#outbox.settle(id);
  }

  #onRefused(entry: Outgoing, error: ErrorBody): void {
    const isStray = error.reason === 'notJoined';
    if (isStray && entry.strays < MOST_STRAYS) {
      this.#outbox.requeueStray(entry.id);
      if (this.#members.get(entry.room) !== undefined) this.#sendJoin(entry.room);
    } else if (error.reason === 'slowMode') {
      this.#outbox.requeue(entry.id);
      this.#slow(entry.room, error.retryAfterMs ?? backoff(1, this.#env.random));
    } else if (!isStray && error.retryable === true) {
      this.#outbox.requeue(entry.id);
      const wait = error.retryAfterMs ?? backoff(this.#refusals + 1, this.#env.random);
      this.#refusals += 1;
      this.#setHold({ until: this.#env.clock.now() + wait, error });
    } else {
      this.#outbox.fail(entry.id, error);
    }
    this.#flush();
    this.#outboxChanged();
  }

  /** Holds back what is to be said in one room; the others go on. */
  #slow(room: RoomKey, waitMs: number): void {
    this.#slowed.add(room);
    this.#emit({ type: 'slowed', room, until: this.#env.clock.now() + waitMs });
    this.#env.clock.after(waitMs, () => {
      this.#slowed.delete(room);
      this.#flush();
      this.#outboxChanged();
    });
  }

  /**
   * A message that went out so long ago that the gateway has forgotten its id, in a room whose
   * history we did not get in full: sending it again could double it. A person decides.
   */
  #giveUpUncertain(room: RoomKey): void {
    const oldest = this.#env.clock.now() - DEDUPLICATION_MS;
    for (const entry of this.#outbox.entries) {
      if (entry.room !== room || entry.state === 'failed') continue;
      if (entry.attemptedAt === null || entry.attemptedAt > oldest) continue;
      this.#outbox.fail(entry.id, localError('uncertain', 'This may or may not have been sent.', true));
    }
  }

  #watchAcks(): void {
    this.#ackTimer.set(ACK_TIMEOUT_MS / 2, () => {
      this.#outbox.requeueSent(this.#env.clock.now() - ACK_TIMEOUT_MS);
      this.#flush();
      this.#watchAcks();
    });
  }

  #setHold(hold: Hold | null): void {
    if (this.#hold === null && hold === null) return;
    this.#hold = hold;
    this.#emit({ type: 'held', hold });
    this.#holdTimer.clear();
    if (hold === null) return;
    this.#holdTimer.set(hold.until - this.#env.clock.now(), () => {
      this.#setHold(null);
      this.#flush();
      this.#outboxChanged();
    });
  }

  #setPaused(paused: boolean): void {
    if (this.#paused === paused) return;
    this.#paused = paused;
    this.#emit({ type: 'paused', paused });
    this.#flush();
    this.#outboxChanged();
  }
}
