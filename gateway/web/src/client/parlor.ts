import {
  Client,
  memoryStorage,
  Photos,
  SessionStore,
  type AnswerOf,
  type Asked,
  type BlockOf,
  type Extras,
  type Outgoing,
  type Result,
  type Session,
  type Status,
  type UploadedPhoto,
} from './net/index.ts';
import {
  refOf,
  roomOf,
  type Ack,
  type ChannelJoined,
  type ErrorBody,
  type History,
  type Message,
  type MessageMark,
  type Photo,
  type PrivateRooms,
  type Ready,
  type RoomKey,
  type Rooms,
  type Unread,
  type Users,
} from './protocol/index.ts';
import { Emitter } from './emitter.ts';
import { ParlorError } from './error.ts';
import type { ParlorEvents } from './events.ts';
import { Feed } from './feed.ts';
import { worldOf, type ParlorOptions, type World } from './options.ts';
import type { RoomPeople } from './people.ts';

export type SignIn =
  | { readonly username: string; readonly password: string }
  | { readonly nickname: string }
  /** A JWT of an issuer that the server trusts. */
  | { readonly token: string }
  /** What an earlier sign-in got. */
  | { readonly userUUID: string; readonly accessKey: string };

export interface SendOptions {
  readonly replyTo?: Message;
  readonly photo?: UploadedPhoto;
}

export interface PollOptions {
  /** Whether one may choose several options. */
  readonly multiple?: boolean;
  readonly anonymous?: boolean;
  readonly closesInSeconds?: number;
}

export interface UploadOptions {
  /** Gets the share that has been sent, 0 to 1. */
  readonly onProgress?: (share: number) => void;
  readonly signal?: AbortSignal;
}

export interface Page {
  readonly offset?: number;
  readonly limit?: number;
}

/**
 * A user of a Parlor server. Connects, and connects again by itself; each promise is about one thing that was asked
 * for and rejects with a `ParlorError`; what others do comes as events.
 */
export class Parlor {
  readonly #client: Client;
  readonly #photos: Photos;
  readonly #base: string;
  readonly #emitter = new Emitter<ParlorEvents>();
  readonly #feed: Feed;
  #server: Ready | null = null;
  #unsent: readonly Outgoing[] = [];

  /** `world` is for tests that own the clock and the network. */
  constructor(options: ParlorOptions, world: World = worldOf(options)) {
    const storage = options.storage ?? memoryStorage();
    this.#client = new Client({ env: world.env, sessions: new SessionStore(storage, storage), tab: storage });
    this.#base = world.base;
    this.#photos = new Photos(world.http, world.env.clock, () => this.#client.session);
    this.#feed = new Feed(this.#client, this.#emitter);
    this.on('greeted', (ready) => (this.#server = ready));
    this.on('unsent', (entries) => (this.#unsent = entries));
    this.on('signedOut', () => {
      this.#photos.forget();
    });
  }

  /** The state of the connection: always exactly one. */
  get status(): Status {
    return this.#client.status;
  }

  /** Who is signed in, or will be again when the connection is there. Its `accessKey` is kept like a password. */
  get session(): Session | null {
    return this.#client.session;
  }

  /** What the server said of itself last: its limits, and what it allows. */
  get server(): Ready | null {
    return this.#server;
  }

  /** What is not acknowledged yet, in the order in which it was said. */
  get unsent(): readonly Outgoing[] {
    return this.#unsent;
  }

  /** Calling the result takes the listener off again. */
  on<K extends keyof ParlorEvents>(name: K, listener: (event: ParlorEvents[K]) => void): () => void {
    return this.#emitter.on(name, listener);
  }

  /** Connects now, and signs in again who is known by the storage. Signing in connects by itself. */
  connect(): void {
    this.#client.start();
  }

  /** Ends the connection until `connect`. Who is signed in stays so, and what was not sent waits. */
  disconnect(): void {
    this.#client.stop();
  }

  /** Waits for a connection as long as it takes; replaces who was signed in. A fresh `token` of the same user renews. */
  signIn(who: SignIn): Promise<Session> {
    if ('token' in who) return this.#enter({ kind: 'token', ...who });
    if ('accessKey' in who) return this.#enter({ kind: 'accessKey', ...who });
    return this.#enter('nickname' in who ? { kind: 'guest', ...who } : { kind: 'password', ...who });
  }

  signUp(who: { readonly username: string; readonly password: string }): Promise<Session> {
    return this.#enter({ kind: 'signUp', ...who });
  }

  /** Here and on the server. What was not sent is given up. */
  signOut(): void {
    this.#client.signOut();
  }

  /** Joins a room, beside those joined before, and stays in it over lost connections until `leave`. */
  join(room: RoomKey): Promise<ChannelJoined> {
    const outcome = this.#first<ChannelJoined>((settle) => [
      this.on('joined', (event) => {
        if (event.room === room) settle({ ok: true, value: event.joined });
      }),
      this.on('gap', (event) => {
        if (event.room === room) settle({ ok: true, value: event.joined });
      }),
      this.on('joinFailed', (event) => {
        if (event.room === room) settle({ ok: false, error: event.error });
      }),
      this.#onSignedOut(settle),
    ]);
    // Of a room that is joined already the answer is a fresh look at it.
    if (this.#feed.people(room) !== null) this.leave(room);
    this.#client.join(room, true);
    return outcome;
  }

  leave(room: RoomKey): void {
    this.#feed.leave(room);
    this.#client.leave(room);
  }

  /** Who is in a joined room; nothing for another. */
  people(room: RoomKey): RoomPeople | null {
    return this.#feed.people(room);
  }

  /**
   * Says something. Resolves when the server has stored it, however long that takes: over lost connections it is sent
   * again under the same id, so that it is stored once. What is said in one room arrives in the order in which it was said.
   */
  async send(room: RoomKey, text: string, { replyTo, photo }: SendOptions = {}): Promise<Ack> {
    return this.#say(room, text, {
      ...(replyTo === undefined ? {} : { quote: quoteOf(replyTo) }),
      ...(photo === undefined ? {} : { photo }),
    });
  }

  /** A poll; the question is its message's text. */
  async poll(room: RoomKey, question: string, options: readonly string[], more: PollOptions = {}): Promise<Ack> {
    return this.#say(room, question, { poll: { options: [...options], ...more } });
  }

  /** Sends one of `unsent` that was refused, as it may be after the program ran anew, once more. */
  retry(id: string): void {
    this.#client.retry(id);
  }

  /** Gives one of `unsent` up. */
  discard(id: string): void {
    this.#client.discard(id);
  }

  async edit(message: Message, text: string): Promise<Ack> {
    return this.request('messageEdit', { ...targetOf(message), message: text });
  }

  /** Its place stays, and nothing else. */
  async delete(message: Message): Promise<Ack> {
    return this.request('messageDelete', targetOf(message));
  }

  async react(message: Message, emoji: string): Promise<MessageMark> {
    return this.request('messageReact', { ...targetOf(message), emoji, on: true });
  }

  async unreact(message: Message, emoji: string): Promise<MessageMark> {
    return this.request('messageReact', { ...targetOf(message), emoji, on: false });
  }

  /** All that one chooses, by index; none withdraws the vote. */
  async vote(message: Message, options: readonly number[]): Promise<MessageMark> {
    return this.request('pollVote', { ...targetOf(message), options: [...options] });
  }

  async closePoll(message: Message): Promise<MessageMark> {
    return this.request('pollClose', targetOf(message));
  }

  /** Sends a photo up for a room; it is said by `send` with it, once, within an hour. */
  async upload(room: RoomKey, file: Blob, { onProgress, signal }: UploadOptions = {}): Promise<UploadedPhoto> {
    signal?.throwIfAborted();
    const { result, abort } = this.#photos.upload(room, file, (share) => onProgress?.(share));
    signal?.addEventListener('abort', abort);
    try {
      const outcome = await result;
      signal?.throwIfAborted();
      return valueOf(outcome);
    } finally {
      signal?.removeEventListener('abort', abort);
    }
  }

  /** Where the picture is. In rooms that are not open to all the links end after some minutes. */
  async photoLinks({ Id, Url, ThumbnailUrl }: Photo): Promise<{ readonly url: string; readonly thumbnailUrl: string }> {
    const known = Url === undefined ? valueOf(await this.#photos.links(Id)) : { url: Url, thumbnailUrl: ThumbnailUrl ?? Url };
    return { url: this.#base + known.url, thumbnailUrl: this.#base + known.thumbnailUrl };
  }

  /** A page of what was said before, or after, a `Seq`; without either the latest. Oldest first. */
  async history(room: RoomKey, page: { before?: number; after?: number; limit?: number } = {}): Promise<History> {
    return this.request('channelMessages', { ...refOf(room), ...page });
  }

  /** Tells the room that we write: again every 3 s while we do. */
  typing(room: RoomKey): void {
    this.#client.typing(room, true);
  }

  stopTyping(room: RoomKey): void {
    this.#client.typing(room, false);
  }

  /** Everything up to this `Seq` was read; our other devices are told. */
  async markRead(room: RoomKey, seq: number): Promise<void> {
    await this.request('readTo', { ...refOf(room), seq });
  }

  /** The rooms in which we have read something, with how much is unread. */
  async unread(page: Page = {}): Promise<Unread> {
    return this.request('unread', page);
  }

  async rooms(page: Page = {}): Promise<Rooms> {
    return this.request('rooms', page);
  }

  /** Those in which something was said, the latest first. */
  async privateRooms(page: Page = {}): Promise<PrivateRooms> {
    return this.request('privateRooms', page);
  }

  /** All users, or those whose name begins with `prefix`. */
  async users(page: Page & { readonly prefix?: string } = {}): Promise<Users> {
    return this.request('users', page);
  }

  /** Any request of `shared/PROTOCOL.md` with one answer, as for profiles, sessions, settings and moderation. */
  async request<K extends Asked>(type: K, block: BlockOf<K>): Promise<AnswerOf<K>> {
    return valueOf(await this.#client.ask(type, block));
  }

  #enter(credentials: Parameters<Client['signIn']>[0]): Promise<Session> {
    const outcome = this.#first<Session>((settle) => [
      this.#client.listen((event) => {
        if (event.type === 'signedIn') settle({ ok: true, value: event.session });
        else if (event.type === 'signInFailed') settle({ ok: false, error: event.error });
      }),
    ]);
    this.#client.signIn(credentials);
    return outcome;
  }

  async #say(room: RoomKey, text: string, extras: Extras): Promise<Ack> {
    const id = this.#client.send(room, text, extras);
    const outcome = await this.#client.outcome(id);
    // Who said it is told, and decides; here it is not kept any longer.
    if (!outcome.ok) this.#client.discard(id);
    return valueOf(outcome);
  }

  #onSignedOut(settle: (result: { ok: false; error: ErrorBody }) => void): () => void {
    return this.on('signedOut', ({ error }) => {
      settle({ ok: false, error: error ?? { code: 0, reason: 'signedOut', error: 'You are signed out.' } });
    });
  }

  /** The first result that one of the listeners settles with; then all are taken off. */
  #first<T>(listen: (settle: (result: Result<T>) => void) => (() => void)[]): Promise<T> {
    return new Promise((resolve, reject) => {
      const stops = listen((result) => {
        for (const stop of stops) stop();
        if (result.ok) resolve(result.value);
        else reject(new ParlorError(result.error));
      });
    });
  }
}

function valueOf<T>(result: Result<T>): T {
  if (result.ok) return result.value;
  throw new ParlorError(result.error);
}

function targetOf(message: Message): ReturnType<typeof refOf> & { uuid: string; seq: number } {
  return { ...refOf(roomOf(message)), uuid: message.UUID, seq: message.Seq };
}

function quoteOf({ UUID, Seq, SenderUUID, Sender, Message: text }: Message): NonNullable<Extras['quote']> {
  return { UUID, Seq, SenderUUID, Sender: Sender.Username, Message: text };
}
