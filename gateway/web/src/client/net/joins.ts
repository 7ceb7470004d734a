import { refOf, type ErrorBody, type RoomKey, type RoomRef } from '../protocol/index.ts';
import { backoff, type Random } from './backoff.ts';
import { Timer, type Clock } from './clock.ts';
import type { Environment } from './environment.ts';
import type { Emit } from './events.ts';
import { Members, type Member } from './members.ts';
import { Pace } from './pace.ts';

/** The messages asked for on joining: more than a screen. */
const HISTORY_MESSAGES = 50;
/**
 * Joins that go out at once, and the interval of those behind them. A gateway lets a connection
 * send 60 frames in 10 s by default: half of them for joining leaves enough for people.
 */
const BURST = 30;
const INTERVAL_MS = 500;

export interface JoinsPorts {
  readonly emit: Emit;
  readonly isSignedIn: () => boolean;
  readonly request: (room: RoomKey, join: RoomRef & { keepJoined: true; limit: number }) => void;
}

/** The rooms that are wanted, and the way into them: paced, in turn, and again after a refusal that passes. */
export class Joins {
  readonly members = new Members();
  readonly #ports: JoinsPorts;
  readonly #clock: Clock;
  readonly #random: Random;
  /** Rooms whose join waits for its turn. */
  #queue: RoomKey[] = [];
  readonly #pace: Pace;
  readonly #timer: Timer;

  constructor({ clock, random }: Environment, ports: JoinsPorts) {
    this.#ports = ports;
    this.#clock = clock;
    this.#random = random;
    this.#pace = new Pace(clock, BURST, INTERVAL_MS);
    this.#timer = new Timer(clock);
  }

  /** Joins a room; one that somebody waits for goes before those that wait already. */
  want(room: RoomKey, isUrgent: boolean): void {
    const { phase } = this.members.want(room);
    const isDue = (phase === 'wanted' && this.#ports.isSignedIn()) || (isUrgent && this.#queue.includes(room));
    if (isDue) this.send(room, isUrgent);
    else if (phase !== 'joined') this.#ports.emit({ type: 'joining', room });
  }

  /** What is wanted and not asked for on this connection yet. */
  sendWanted(): void {
    for (const { phase, room } of this.members.all()) {
      if (phase === 'wanted') this.send(room);
    }
  }

  send(room: RoomKey, isUrgent = false): void {
    this.members.want(room).phase = 'joining';
    this.#ports.emit({ type: 'joining', room });
    const others = this.#queue.filter((other) => other !== room);
    this.#queue = isUrgent ? [room, ...others] : [...others, room];
    this.#sendQueued();
  }

  /** Messages are missing: what is shown of the room is read anew. */
  again(room: RoomKey): void {
    if (this.#ports.isSignedIn() && this.members.get(room)?.phase === 'joined') this.send(room);
  }

  /** Those that `resume` asks for. */
  resuming(): readonly Member[] {
    const members = this.members.all();
    for (const member of members) member.phase = 'joining';
    return members;
  }

  /** Whether it is refused for good; otherwise it is asked for again. */
  refused(room: RoomKey, error: ErrorBody): boolean {
    const member = this.members.get(room);
    if (member === undefined) return false;
    if (error.retryable !== true) {
      this.members.drop(room);
      return true;
    }
    member.phase = 'wanted';
    this.#clock.after(error.retryAfterMs ?? backoff(2, this.#random), () => {
      if (this.#ports.isSignedIn() && this.members.get(room)?.phase === 'wanted') this.send(room);
    });
    return false;
  }

  /** The connection is gone. */
  disconnect(): void {
    this.members.disconnect();
    this.#dropQueue();
    // Each connection has a limit of its own.
    this.#pace.reset();
  }

  /** Somebody else's rooms from now on. */
  clear(): void {
    this.members.clear();
    this.#dropQueue();
  }

  #sendQueued(): void {
    for (;;) {
      const room = this.#queue[0];
      if (room === undefined) return;
      // Left again before its turn came.
      const isWanted = this.members.get(room) !== undefined;
      const wait = isWanted ? this.#pace.take() : 0;
      if (wait > 0) {
        this.#timer.set(wait, () => {
          this.#sendQueued();
        });
        return;
      }
      this.#queue.shift();
      if (isWanted) this.#ports.request(room, { ...refOf(room), keepJoined: true, limit: HISTORY_MESSAGES });
    }
  }

  #dropQueue(): void {
    this.#queue = [];
    this.#timer.clear();
  }
}
