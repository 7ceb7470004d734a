import { refOf, type ClientFrame, type ErrorBody, type RequestId, type RoomKey, type ServerFrame } from '../protocol/index.ts';
import type { Clock } from './clock.ts';

/** How long an answer may still come after the gateway refused a frame without saying which. */
const REFUSED_FRAME_MS = 2_000;
/** A page of older history. */
const HISTORY_MESSAGES = 50;
const LIST_ENTRIES = 100;
/** The private rooms asked for: the latest ones. */
const PRIVATE_ROOMS = 50;

export type Request =
  | { readonly kind: 'auth' }
  | { readonly kind: 'resume' }
  | { readonly kind: 'join'; readonly room: RoomKey }
  | { readonly kind: 'leave' }
  | { readonly kind: 'signOut' }
  | Question;

/** What is only asked while signed in, and whose failing is told. */
export type Question =
  | { readonly kind: 'users' | 'rooms'; readonly offset: number }
  | { readonly kind: 'privateRooms' }
  | { readonly kind: 'history'; readonly room: RoomKey; readonly before: number };

export function isQuestion(request: Request): request is Question {
  return ['users', 'rooms', 'privateRooms', 'history'].includes(request.kind);
}

export function questionFrame(id: string, question: Question): ClientFrame {
  switch (question.kind) {
    case 'users':
      return { id, type: 'users', users: { offset: question.offset, limit: LIST_ENTRIES } };
    case 'rooms':
      return { id, type: 'rooms', rooms: { offset: question.offset, limit: LIST_ENTRIES } };
    case 'privateRooms':
      return { id, type: 'privateRooms', privateRooms: { limit: PRIVATE_ROOMS } };
    case 'history': {
      const { room, before } = question;
      return { id, type: 'channelMessages', channelMessages: { ...refOf(room), before, limit: HISTORY_MESSAGES } };
    }
  }
}

/** The requests of one connection that have no answer yet. */
export class Requests {
  readonly #clock: Clock;
  readonly #pending = new Map<RequestId, Request>();
  #last = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** An id that no request of this client had. */
  nextId(): string {
    this.#last += 1;
    return `r${this.#last}`;
  }

  add(request: Request): string {
    const id = this.nextId();
    this.#pending.set(id, request);
    return id;
  }

  /** The request that a frame answers. A `resume` is answered by several frames. */
  take(frame: ServerFrame): Request | undefined {
    if (frame.id === undefined) return undefined;
    const request = this.#pending.get(frame.id);
    if (request?.kind !== 'resume' || frame.type === 'resume' || frame.type === 'error') {
      this.#pending.delete(frame.id);
    }
    return request;
  }

  /** One frame too many was not even read. Joins and questions that then stay without an answer were refused. */
  onFrameRefused({ retryAfterMs = 0 }: ErrorBody, refused: (unanswered: Request[]) => void): void {
    const pending = [...this.#pending.keys()];
    this.#clock.after(Math.max(retryAfterMs, REFUSED_FRAME_MS), () => {
      refused(pending.flatMap((id) => this.#takeUnanswered(id)));
    });
  }

  #takeUnanswered(id: RequestId): Request[] {
    const request = this.#pending.get(id);
    if (request === undefined || (request.kind !== 'join' && !isQuestion(request))) return [];
    this.#pending.delete(id);
    return [request];
  }

  /** The connection is gone, and the answers with it. */
  clear(): Request[] {
    const requests = [...this.#pending.values()];
    this.#pending.clear();
    return requests;
  }
}
