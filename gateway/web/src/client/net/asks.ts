/** Requests with one answer, as promises: what dialogs and menus ask for. */

import type { ClientFrame, ErrorBody, RequestId, ServerFrame, ServerFrameOf, ServerFrameType } from '../protocol/index.ts';
import type { Clock } from './clock.ts';

/** Silence after which nobody should wait any longer. */
const ANSWER_TIMEOUT_MS = 15_000;

/** What each of these requests is answered by. */
interface Answers {
  messageEdit: 'ack';
  messageDelete: 'ack';
  messageReact: 'messageMark';
  pollVote: 'messageMark';
  pollClose: 'messageMark';
  messageReport: 'done';
  users: 'users';
  rooms: 'rooms';
  privateRooms: 'privateRooms';
  channelMessages: 'channelMessages';
  roomInfo: 'roomInfo';
  roomCreate: 'roomInfo';
  roomUpdate: 'roomInfo';
  roomInvite: 'done';
  roomRole: 'done';
  roomKick: 'done';
  roomBan: 'done';
  roomUnban: 'done';
  roomMute: 'done';
  roomUnmute: 'done';
  roomClose: 'done';
  roomReopen: 'done';
  roomMembers: 'roomMembers';
  roomBans: 'roomBans';
  userRole: 'done';
  userBan: 'done';
  userUnban: 'done';
  userDelete: 'done';
  auditLog: 'auditLog';
  readTo: 'done';
  unread: 'unread';
  profile: 'profile';
  profileUpdate: 'profile';
  passwordChange: 'done';
  sessions: 'sessions';
  sessionEnd: 'done';
}

export type Asked = keyof Answers;

type FrameOf<K extends Asked> = Extract<ClientFrame, { type: K }>;

/** The block of a request. */
export type BlockOf<K extends Asked> = FrameOf<K> extends Record<K, infer B> ? B : FrameOf<K> extends Partial<Record<K, infer B>> ? B : undefined;

export type Result<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: ErrorBody };

export type AnswerOf<K extends Asked> = ServerFrameOf<Answers[K]>[Answers[K] & keyof ServerFrameOf<Answers[K]>];

/** Answers that only who asked makes something of. */
const PRIVATE_ANSWERS: ReadonlySet<ServerFrameType> = new Set(['error', 'ack', 'done', 'users', 'channelMessages']);

export function isPrivateAnswer(frame: ServerFrame): boolean {
  return PRIVATE_ANSWERS.has(frame.type);
}

export function requestFrame<K extends Asked>(id: string, type: K, block: BlockOf<K>): ClientFrame {
  return { id, type, ...(block === undefined ? {} : { [type]: block }) } as unknown as ClientFrame;
}

interface Pending {
  readonly settle: (result: Result<unknown>) => void;
  readonly cancelTimeout: () => void;
}

/** Those that wait for their answers. */
export class Asks {
  readonly #clock: Clock;
  readonly #pending = new Map<RequestId, Pending>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get ids(): RequestId[] {
    return [...this.#pending.keys()];
  }

  wait<T>(id: RequestId, silence: ErrorBody): Promise<Result<T>> {
    return new Promise((resolve) => {
      const cancelTimeout = this.#clock.after(ANSWER_TIMEOUT_MS, () => {
        this.fail(id, silence);
      });
      this.#pending.set(id, { settle: resolve as (result: Result<unknown>) => void, cancelTimeout });
    });
  }

  /** Whether the frame answers one of them. */
  answer(frame: ServerFrame): boolean {
    if (frame.id === undefined || !this.#pending.has(frame.id)) return false;
    if (frame.type === 'error') this.fail(frame.id, frame.error);
    else this.#settle(frame.id, { ok: true, value: blockOf(frame) });
    return true;
  }

  fail(id: RequestId, error: ErrorBody): void {
    this.#settle(id, { ok: false, error });
  }

  failAll(error: ErrorBody): void {
    for (const id of this.ids) this.fail(id, error);
  }

  #settle(id: RequestId, result: Result<unknown>): void {
    const pending = this.#pending.get(id);
    if (pending === undefined) return;
    this.#pending.delete(id);
    pending.cancelTimeout();
    pending.settle(result);
  }
}

function blockOf(frame: ServerFrame): unknown {
  return (frame as unknown as Record<ServerFrameType, unknown>)[frame.type];
}
