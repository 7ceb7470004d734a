import {
  refOf,
  type Ack,
  type ClientFrame,
  type ErrorBody,
  type Message,
  type MessageExtras,
  type RequestId,
  type RoomKey,
} from '../protocol/index.ts';
import type { Result } from './asks.ts';
import { backoff } from './backoff.ts';
import { Timer } from './clock.ts';
import type { Environment } from './environment.ts';
import { DISCARDED, LEFT, SIGNED_OUT, TOO_LONG, UNCERTAIN } from './errors.ts';
import type { Emit, Hold } from './events.ts';
import { Outbox, type Extras, type Outgoing } from './outbox.ts';
import { readJson, type KeyValue } from './storage.ts';

/** How long the gateway remembers a `clientMessageId` is 5 min; this leaves time to arrive. */
const DEDUPLICATION_MS = 4.5 * 60_000;
/** Silence about a message on a living connection that makes us send it again. */
const ACK_TIMEOUT_MS = 20_000;
/** Frames sent in vain because the room was not joined, before the message fails. */
const MOST_STRAYS = 3;

export interface SenderPorts {
  readonly emit: Emit;
  /** Whether there is a connection that takes messages. */
  readonly isReady: () => boolean;
  readonly isJoined: (room: RoomKey) => boolean;
  /** The gateway says that we are not in a room where we thought we were. */
  readonly onStray: (room: RoomKey) => void;
  /** Whether the gateway reads frames of this size. */
  readonly fits: (frame: ClientFrame) => boolean;
  readonly send: (frame: ClientFrame) => void;
  /** What outlives a reload of this tab. */
  readonly tab: KeyValue;
  readonly newId: () => string;
}

/** Gets messages to the gateway, each once: keeps them until they are acknowledged, and knows when to wait. */
export class Sender {
  readonly #env: Environment;
  readonly #ports: SenderPorts;
  readonly #outbox = new Outbox();
  /** Whose messages they are. */
  #user: string | null = null;
  #paused = false;
  #hold: Hold | null = null;
  /** Refusals in a row, each for the gateway's troubles and not for the message's. */
  #refusals = 0;
  /** Rooms in slow mode that do not take our next message yet. */
  readonly #slowed = new Set<RoomKey>();
  readonly #watched = new Map<string, (result: Result<Ack>) => void>();
  readonly #holdTimer: Timer;
  readonly #ackTimer: Timer;

  constructor(env: Environment, ports: SenderPorts) {
    this.#env = env;
    this.#ports = ports;
    this.#holdTimer = new Timer(env.clock);
    this.#ackTimer = new Timer(env.clock);
  }

  /** Takes up what this user had not got through. Nothing is told yet. */
  open(user: string): void {
    this.#outbox.clear();
    this.#user = user;
    this.#outbox.restore(readJson(this.#ports.tab, keyOf(user)));
    for (const id of this.#watched.keys()) {
      if (this.#outbox.find(id) === undefined) this.#settleWatched(id, { ok: false, error: SIGNED_OUT });
    }
  }

  /** Nobody is signed in. What somebody wrote whose key has expired waits for them. */
  close(fate: 'keep' | 'forget'): void {
    if (fate === 'forget') {
      if (this.#user !== null) this.#ports.tab.remove(keyOf(this.#user));
      for (const id of this.#watched.keys()) this.#settleWatched(id, { ok: false, error: SIGNED_OUT });
    }
    this.#user = null;
    this.#outbox.clear();
    this.#slowed.clear();
    this.#ackTimer.clear();
    this.#setHold(null);
  }

  add(room: RoomKey, text: string, extras: Extras): string {
    const id = this.#ports.newId();
    this.#outbox.add(id, room, text, this.#env.clock.now(), extras);
    this.#flushAndTell();
    return id;
  }

  /** What becomes of a message that is in the outbox. */
  outcome(id: string): Promise<Result<Ack>> {
    const error = this.#outbox.find(id)?.error ?? null;
    if (error !== null) return Promise.resolve({ ok: false, error });
    return new Promise((resolve) => {
      this.#watched.set(id, resolve);
    });
  }

  retry(id: string): void {
    this.#outbox.retry(id, this.#env.clock.now());
    this.#flushAndTell();
  }

  discard(id: string): void {
    this.#outbox.settle(id);
    this.#settleWatched(id, { ok: false, error: DISCARDED });
    this.tell();
    this.flush();
  }

  /** We left the room: what was to be said there is given up. */
  leave(room: RoomKey): void {
    for (const { id } of this.#of(room)) this.#settleWatched(id, { ok: false, error: LEFT });
    this.#outbox.dropRoom(room);
    this.tell();
  }

  /** We are not in the room, nor will be: what was to be said there was not said. */
  failRoom(room: RoomKey, error: ErrorBody): void {
    for (const { id } of this.#of(room)) this.#fail(id, error);
    this.tell();
  }

  /** Signed in, with all that was missed: what waits goes out. */
  ready(): void {
    this.#watchAcks();
    this.#flushAndTell();
  }

  /** The connection is gone. */
  disconnect(): void {
    this.#ackTimer.clear();
    if (this.#outbox.requeueSent()) this.tell();
    this.#setHold(null);
    this.pause(false);
  }

  /** The server takes no messages for now, or does so again. */
  pause(paused: boolean): void {
    if (this.#paused === paused) return;
    this.#paused = paused;
    this.#ports.emit({ type: 'paused', paused });
    this.#flushAndTell();
  }

  /** What can go out does. */
  flush(): void {
    if (!this.#ports.isReady() || this.#paused || this.#hold !== null) return;
    for (const entry of this.#outbox.due(this.#slowed)) {
      if (!this.#ports.isJoined(entry.room)) continue;
      const frame = frameOf(entry);
      if (this.#ports.fits(frame)) {
        this.#outbox.markSent(entry.id, this.#env.clock.now());
        this.#ports.send(frame);
      } else {
        this.#fail(entry.id, TOO_LONG);
        // It keeps nobody from saying what comes behind it.
        this.#flushAndTell();
        return;
      }
    }
  }

  /** Writes the outbox down and tells it. */
  tell(): void {
    const { entries } = this.#outbox;
    if (this.#user !== null) {
      const key = keyOf(this.#user);
      if (entries.length === 0) this.#ports.tab.remove(key);
      else this.#ports.tab.set(key, JSON.stringify(entries));
    }
    this.#ports.emit({ type: 'outbox', entries });
  }

  onAck(id: RequestId | undefined, ack: Ack): void {
    const entry = this.#outbox.find(ack.ClientMessageId ?? id);
    if (entry === undefined) return;
    this.#settle(entry.id, ack);
    this.#flushAndTell();
    this.#ports.emit({ type: 'acknowledged', entry, ack });
  }

  /** Our own copy acknowledges as well as an `ack` does. Whether it did. */
  onOwn(message: Message): boolean {
    const { ClientMessageId: id, SenderUUID: sender } = message;
    if (id === undefined || sender !== this.#user) return false;
    return this.#settle(id, ackOf(message));
  }

  /** Whether the error is about a message of ours. */
  onRefused(id: RequestId | undefined, error: ErrorBody): boolean {
    const entry = this.#outbox.find(id);
    if (entry === undefined) return false;
    this.#refuse(entry, error);
    this.#flushAndTell();
    return true;
  }

  /**
   * A message that went out so long ago that the gateway has forgotten its id, in a room whose
   * history we did not get in full: sending it again could double it. A person decides.
   */
  giveUpUncertain(room: RoomKey): void {
    const oldest = this.#env.clock.now() - DEDUPLICATION_MS;
    for (const { id, state, attemptedAt } of this.#of(room)) {
      if (state === 'failed' || attemptedAt === null || attemptedAt > oldest) continue;
      this.#fail(id, UNCERTAIN);
    }
  }

  #of(room: RoomKey): Outgoing[] {
    return this.#outbox.entries.filter((entry) => entry.room === room);
  }

  #flushAndTell(): void {
    this.flush();
    this.tell();
  }

  #refuse(entry: Outgoing, error: ErrorBody): void {
    const isStray = error.reason === 'notJoined';
    if (isStray && entry.strays < MOST_STRAYS) {
      this.#outbox.requeueStray(entry.id);
      this.#ports.onStray(entry.room);
    } else if (error.reason === 'slowMode') {
      this.#outbox.requeue(entry.id);
      this.#slow(entry.room, error.retryAfterMs ?? backoff(1, this.#env.random));
    } else if (!isStray && error.retryable === true) {
      this.#outbox.requeue(entry.id);
      const wait = error.retryAfterMs ?? backoff(this.#refusals + 1, this.#env.random);
      this.#refusals += 1;
      this.#setHold({ until: this.#env.clock.now() + wait, error });
    } else {
      this.#fail(entry.id, error);
    }
  }

  #settle(id: string, ack: Ack): boolean {
    this.#refusals = 0;
    this.#settleWatched(id, { ok: true, value: ack });
    return this.#outbox.settle(id);
  }

  #fail(id: string, error: ErrorBody): void {
    this.#outbox.fail(id, error);
    this.#settleWatched(id, { ok: false, error });
  }

  #settleWatched(id: string, result: Result<Ack>): void {
    const settle = this.#watched.get(id);
    this.#watched.delete(id);
    settle?.(result);
  }

  /** Holds back what is to be said in one room; the others go on. */
  #slow(room: RoomKey, waitMs: number): void {
    this.#slowed.add(room);
    this.#ports.emit({ type: 'slowed', room, until: this.#env.clock.now() + waitMs });
    this.#env.clock.after(waitMs, () => {
      this.#slowed.delete(room);
      this.#flushAndTell();
    });
  }

  #setHold(hold: Hold | null): void {
    if (this.#hold === null && hold === null) return;
    this.#hold = hold;
    this.#ports.emit({ type: 'held', hold });
    this.#holdTimer.clear();
    if (hold === null) return;
    this.#holdTimer.set(hold.until - this.#env.clock.now(), () => {
      this.#setHold(null);
      this.#flushAndTell();
    });
  }

  #watchAcks(): void {
    this.#ackTimer.set(ACK_TIMEOUT_MS / 2, () => {
      this.#outbox.requeueSent(this.#env.clock.now() - ACK_TIMEOUT_MS);
      this.flush();
      this.#watchAcks();
    });
  }
}

function keyOf(user: string): string {
  return `parlor.outbox.${user}`;
}

function frameOf({ id, room, text, extras }: Outgoing): ClientFrame {
  return {
    id,
    type: 'channelMessage',
    channelMessage: { ...refOf(room), message: text, clientMessageId: id, ...wireExtras(extras) },
  };
}

function wireExtras({ quote, poll, photo }: Extras): MessageExtras {
  return {
    ...(quote === undefined ? {} : { replyTo: { uuid: quote.UUID, seq: quote.Seq } }),
    ...(poll === undefined ? {} : { poll }),
    ...(photo === undefined ? {} : { photo: photo.Id }),
  };
}

/** What the `ack` of a message says that we have got a copy of. */
function ackOf({ UUID, Seq, Epoch, CreatedAt, ClientMessageId, Room, RecipientUUID }: Message): Ack {
  return {
    UUID,
    Seq,
    Epoch,
    CreatedAt,
    ...(ClientMessageId === undefined ? {} : { ClientMessageId }),
    ...(Room === undefined ? {} : { room: Room }),
    ...(RecipientUUID === undefined ? {} : { recipientUUID: RecipientUUID }),
  };
}
