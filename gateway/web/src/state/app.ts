import {
  addressOf,
  GENERAL,
  isRoomKey,
  keyOf,
  namedRoom,
  privateRoom,
  type RoomKey,
  type ServerFrame,
} from '@parlor/client/protocol';
import {
  Photos,
  Timer,
  type Client,
  type ClientEvent,
  type Clock,
  type Credentials,
  type Extras,
  type Http,
  type KeyValue,
} from '@parlor/client';
import { Account } from './account.ts';
import { alertOf, type Alert } from './alerts.ts';
import { Attachments } from './attachments.ts';
import { Drafts } from './drafts.ts';
import type { AppEvent } from './events.ts';
import { History } from './history.ts';
import { Memory } from './memory.ts';
import { Messages } from './messages.ts';
import type { AppState } from './model.ts';
import { Moderation } from './moderation.ts';
import { Reading } from './reading.ts';
import { INITIAL_STATE, reduce } from './reducer.ts';
import { mayModerate, roomsOfKind } from './selectors.ts';
import { createStore, type Schedule, type Store } from './store.ts';
import { Typing } from './typing.ts';

/** Changes of what is read are written down this long after the first of them. */
const SAVE_AFTER_MS = 1_000;
/** In a large room nobody is named as they come and go, so the list of users is asked for. */
const PEOPLE_INTERVAL_MS = 60_000;
const LARGE_ROOM_USERS = 100;
/** Asking for the list of users again, after it could not be had. */
const PEOPLE_RETRY_MS = 3_000;
/** The latest private rooms, which are joined without being opened. */
const LIVE_PRIVATE_ROOMS = 20;
/** Asking for the private rooms again, after they could not be had. */
const PRIVATE_ROOMS_RETRY_MS = 3_000;
/** The room that was open, so that a reload comes back to it. */
const ACTIVE_KEY = 'parlor.active';

export interface AppOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly schedule: Schedule;
  readonly http: Http;
  /** A preview's address is not needed any more. */
  readonly releasePreview: (address: string) => void;
  /** Something was said that somebody who looks elsewhere may want to know. */
  readonly alert: (alert: Alert) => void;
  /** What all tabs share. */
  readonly shared: KeyValue;
  /** What this tab keeps for itself. */
  readonly tab: KeyValue;
}

/** What the page can do: each method is something that a person does. */
export class App {
  readonly store: Store<AppState, AppEvent>;
  readonly messages: Messages;
  readonly history: History;
  readonly attachments: Attachments;
  readonly moderation: Moderation;
  readonly account: Account;
  readonly photos: Photos;
  readonly #client: Client;
  readonly #clock: Clock;
  readonly #reading: Reading;
  readonly #typing: Typing;
  readonly #memory: Memory;
  readonly #drafts: Drafts;
  readonly #tab: KeyValue;
  readonly #alert: (alert: Alert) => void;
  readonly #saveTimer: Timer;
  readonly #peopleTimer: Timer;
  readonly #privateTimer: Timer;
  /** The state as it was written down last. */
  #saved: Pick<AppState, 'rooms' | 'order' | 'closed'> | null = null;

  constructor({ client, clock, schedule, shared, tab, http, releasePreview, alert }: AppOptions) {
    this.#client = client;
    this.#clock = clock;
    this.#memory = new Memory(shared);
    this.#drafts = new Drafts(shared, clock);
    this.#tab = tab;
    this.#alert = alert;
    this.#saveTimer = new Timer(clock);
    this.#peopleTimer = new Timer(clock);
    this.#privateTimer = new Timer(clock);
    this.store = createStore(reduce, INITIAL_STATE, schedule);
    this.photos = new Photos(http, clock, () => client.session);
    this.messages = new Messages(client, this.store);
    this.history = new History(client, this.store);
    this.attachments = new Attachments(this.photos, this.store, releasePreview);
    this.moderation = new Moderation(client);
    this.account = new Account(client, this.store);
    this.#reading = new Reading(client, clock);
    this.#typing = new Typing(client, clock, this.store);
    this.store.subscribe(() => {
      this.#saveSoon();
      this.#reading.onState(this.#state);
    });
    client.listen((event) => {
      this.#onEvent(event);
    });
  }

  /** Connects. Who was signed in finds their rooms at once; the messages come with the connection. */
  start(): void {
    const { session } = this.#client;
    if (session !== null) {
      this.store.dispatch({ type: 'restored', session });
      this.#showRemembered(session.userUUID);
    }
    this.#client.start();
  }

  /** Tries to connect at once instead of waiting. */
  reconnect(): void {
    this.#client.start();
  }

  signIn(credentials: Credentials): void {
    this.store.dispatch({ type: 'signInStarted' });
    this.#client.signIn(credentials);
  }

  clearSignInError(): void {
    this.store.dispatch({ type: 'signInErrorCleared' });
  }

  signOut(): void {
    this.save();
    const { me } = this.#state;
    // A guest never comes back as the same user.
    if (me?.guest === true) this.#memory.forget(me.userUUID);
    if (me !== null) this.#drafts.forget(me.userUUID);
    this.#client.signOut();
  }

  /** Shows a room, and joins it first if need be. */
  open(room: RoomKey): void {
    this.store.dispatch({ type: 'activated', room });
    this.#tab.set(ACTIVE_KEY, room);
    const phase = this.#state.rooms[room]?.phase;
    // Whoever was put out of a room goes back by their own will only.
    if (phase !== 'joined' && phase !== 'removed') this.#client.join(room, true);
    // The next key is for this room, not for the one before.
    this.store.flush();
  }

  openNamed(name: string): void {
    const room = namedRoom(name);
    this.open(room);
    this.rejoin(room);
  }

  /** Tries to get back into a room that we were put out of. */
  rejoin(room: RoomKey): void {
    if (this.#state.rooms[room]?.phase === 'removed') this.#client.join(room, true);
  }

  openPrivate(userUUID: string): void {
    this.open(privateRoom(userUUID));
  }

  leave(room: RoomKey): void {
    if (room === GENERAL) return;
    this.store.dispatch({ type: 'left', room });
    this.#client.leave(room);
  }

  /** Says something, with the photos that are ready: the first carries the words and the quote. */
  send(room: RoomKey, text: string): void {
    const { composing } = this.#state;
    const about = composing[room];
    const quoted: Extras = about?.kind === 'reply' ? { quote: about.quote } : {};
    const photos = this.attachments.take(room);
    this.#typing.stopped(room);
    this.store.dispatch({ type: 'composing', room, composing: null });
    this.store.dispatch({ type: 'wrote', room });
    this.#drafts.write(room, '');
    if (photos.length === 0) this.#client.send(room, text, quoted);
    for (const [index, photo] of photos.entries()) {
      this.#client.send(room, index === 0 ? text : '', { ...(index === 0 ? quoted : {}), photo });
    }
  }

  sendPoll(room: RoomKey, question: string, poll: NonNullable<Extras['poll']>): void {
    this.store.dispatch({ type: 'following', room, following: true });
    this.#client.send(room, question, { poll });
  }

  retry(id: string): void {
    this.#client.retry(id);
  }

  discard(id: string): void {
    this.#client.discard(id);
  }

  draft(room: RoomKey, text: string): void {
    this.store.dispatch({ type: 'drafted', room, text });
    this.#drafts.write(room, text);
    if (this.#state.composing[room]?.kind !== 'edit') this.#typing.wrote(room, text);
  }

  /** The named rooms from `offset` on; from the beginning it asks anew. */
  loadDirectory(offset = 0): void {
    this.store.dispatch({ type: 'directoryAsked', offset });
    this.#client.rooms(offset);
  }

  loadMorePeople(): void {
    this.#client.users(this.#state.listed.length);
  }

  setAttentive(attentive: boolean): void {
    if (this.#state.attentive !== attentive) this.store.dispatch({ type: 'attention', attentive });
  }

  setFollowing(room: RoomKey, following: boolean): void {
    this.store.dispatch({ type: 'following', room, following });
  }

  /** Tells something in passing. */
  notice(text: string): void {
    this.store.dispatch({ type: 'noticed', text });
  }

  dismiss(id: number): void {
    this.store.dispatch({ type: 'dismissed', id });
  }

  /** Writes down the open rooms, how far they are read, and what was begun in them. */
  save(): void {
    this.#drafts.save();
    this.#saveTimer.clear();
    const { rooms, order, closed } = this.#state;
    this.#saved = { rooms, order, closed };
    this.#memory.save(this.#state);
  }

  get #state(): AppState {
    return this.store.getState();
  }

  #saveSoon(): void {
    const { me, rooms, order, closed } = this.#state;
    if (me === null || this.#saveTimer.running) return;
    if (this.#saved?.rooms === rooms && this.#saved.order === order && this.#saved.closed === closed) return;
    this.#saveTimer.set(SAVE_AFTER_MS, () => {
      this.save();
    });
  }

  #onEvent(event: ClientEvent): void {
    this.store.dispatch(event);
    if (event.type === 'acknowledged') this.#onAcknowledged(event.entry.room);
    if (event.type === 'signedIn') this.#onSignedIn(event.fresh);
    if (event.type === 'requestFailed') this.#onRequestFailed(event);
    if (event.type === 'frame') this.#onFrame(event.frame);
    if (event.type === 'signedOut') this.#onSignedOut();
    // Messages that a reload interrupted may belong to a room that is not open here.
    if (event.type === 'outbox') {
      for (const { room } of event.entries) {
        if (!this.#isOpen(room)) this.#client.join(room);
      }
    }
  }

  /** In slow mode the next message has to wait, which is told before somebody writes in vain. */
  #onAcknowledged(key: RoomKey): void {
    const room = this.#state.rooms[key];
    const seconds = room?.settings.slowSeconds ?? 0;
    if (room === undefined || seconds === 0 || mayModerate(this.#state, room)) return;
    this.store.dispatch({ type: 'slowed', room: key, until: this.#clock.now() + seconds * 1_000 });
  }

  #isOpen(room: RoomKey): boolean {
    const phase = this.#state.rooms[room]?.phase;
    return phase !== undefined && phase !== 'listed';
  }

  #onFrame(frame: ServerFrame): void {
    const alert = alertOf(this.#state, frame);
    if (alert !== null) this.#alert(alert);
    if (frame.type === 'privateRooms') {
      this.#joinPrivate();
    } else if (frame.type === 'sys' && frame.sys.type === 'privateMessage') {
      const room = privateRoom(frame.sys.privateMessage.recipientUUID);
      if (this.#state.rooms[room]?.phase === 'listed') this.#client.join(room);
    } else if (frame.type === 'sys' && frame.sys.type === 'typing') {
      this.#typing.heard(keyOf(frame.sys.typing), frame.sys.typing);
    } else if (frame.type === 'channelJoin' && frame.channelJoin.canWrite === false) {
      // Whether it is a mute, and until when, the join does not tell.
      void this.moderation.info(keyOf(frame.channelJoin));
    } else if (frame.type === 'unread') {
      this.#reading.onCounted(frame.unread.rooms);
    }
  }

  #onRequestFailed({ request, error }: Extract<ClientEvent, { type: 'requestFailed' }>): void {
    if (request === 'users') this.#watchPeople(error.retryAfterMs ?? PEOPLE_RETRY_MS);
    if (request !== 'privateRooms') return;
    if (error.retryable === true) {
      this.#privateTimer.set(error.retryAfterMs ?? PRIVATE_ROOMS_RETRY_MS, () => {
        // Without a connection the next one asks.
        if (this.#state.status.name === 'ready') this.#client.privateRooms();
      });
    } else {
      this.#joinPrivate();
    }
  }

  /** Joins the latest private rooms, so that what is said there shows at once. */
  #joinPrivate(): void {
    for (const room of roomsOfKind(this.#state.order, 'private').slice(0, LIVE_PRIVATE_ROOMS)) {
      if (!this.#isOpen(room)) this.#client.join(room);
    }
  }

  #onSignedIn(fresh: boolean): void {
    if (fresh) this.#joinRemembered();
    this.#client.privateRooms();
    this.#client.users();
    this.#watchPeople();
    this.#reading.ask();
  }

  /**
   * Joins what was open last time: General and the room in front before the others. Which private
   * rooms are worth joining shows when their list comes.
   */
  #joinRemembered(): void {
    const me = this.#client.session;
    if (me === null) return;
    this.#showRemembered(me.userUUID);
    const { active, order } = this.#state;
    const named = order.filter((room) => addressOf(room).kind === 'named');
    for (const room of new Set([GENERAL, active, ...named])) this.#client.join(room);
  }

  #showRemembered(userUUID: string): void {
    const remembered = this.#memory.load(userUUID);
    const general = remembered.find(({ key }) => key === GENERAL) ?? { key: GENERAL };
    const rooms = [general, ...remembered.filter((room) => room !== general)];
    this.store.dispatch({ type: 'remembered', rooms });
    this.store.dispatch({ type: 'draftsRemembered', drafts: this.#drafts.load(userUUID) });
    const last = this.#tab.get(ACTIVE_KEY);
    const active = last !== null && isRoomKey(last) && this.#state.rooms[last] !== undefined ? last : GENERAL;
    this.store.dispatch({ type: 'activated', room: active });
  }

  #onSignedOut(): void {
    this.#tab.remove(ACTIVE_KEY);
    this.#drafts.save();
    this.#saveTimer.clear();
    this.#peopleTimer.clear();
    this.#privateTimer.clear();
    this.#reading.forget();
    this.#typing.forget();
    this.photos.forget();
    this.#saved = null;
  }

  /** Asks for the users after `waitMs` once, or from time to time while General is large. */
  #watchPeople(waitMs?: number): void {
    this.#peopleTimer.set(waitMs ?? PEOPLE_INTERVAL_MS, () => {
      const { status, attentive, rooms } = this.#state;
      const isLarge = (rooms[GENERAL]?.membersTotal ?? 0) > LARGE_ROOM_USERS;
      if (status.name === 'ready' && (waitMs !== undefined || (attentive && isLarge))) this.#client.users();
      this.#watchPeople();
    });
  }
}
