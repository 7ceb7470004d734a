import { refOf, type ErrorBody, type Photo, type RoomKey } from '../protocol/index.ts';
import type { Result } from './asks.ts';
import type { Clock } from './clock.ts';
import type { Http, HttpAnswer } from './http.ts';
import type { Session } from './session.ts';

/** Links are asked for anew so long before they end, for the picture to be loaded by them. */
const RENEW_BEFORE_MS = 30_000;
/** For links without a believable end. */
const LINKS_FOR_MS = 60_000;

export interface UploadedPhoto extends Photo {
  /** Of the photo as it is stored. */
  readonly Bytes: number;
}

export interface Upload {
  readonly result: Promise<Result<UploadedPhoto>>;
  readonly abort: () => void;
}

export interface PhotoLinks {
  readonly url: string;
  readonly thumbnailUrl: string;
}

interface Known {
  readonly links: PhotoLinks;
  readonly until: number;
}

/** Sends photos up, and keeps the expiring links to those of private rooms. */
export class Photos {
  readonly #http: Http;
  readonly #clock: Clock;
  readonly #session: () => Session | null;
  readonly #known = new Map<string, Known>();
  readonly #asked = new Map<string, Promise<Result<PhotoLinks>>>();

  constructor(http: Http, clock: Clock, session: () => Session | null) {
    this.#http = http;
    this.#clock = clock;
    this.#session = session;
  }

  upload(room: RoomKey, file: Blob, onProgress: (share: number) => void): Upload {
    const { answer, abort } = this.#http.post(`/api/photos?${queryOf(room)}`, this.#authorization(), file, onProgress);
    return {
      result: answer.then((it) => {
        const photo = readUploaded(it);
        return photo === null ? { ok: false, error: problemOf(it) } : { ok: true, value: photo };
      }),
      abort,
    };
  }

  /** The links as they are known now, for a first picture without waiting. */
  known(id: string): PhotoLinks | null {
    const known = this.#known.get(id);
    return known !== undefined && known.until > this.#clock.now() ? known.links : null;
  }

  /** Links that still hold; `anew` when those that are known turned out not to. */
  async links(id: string, anew = false): Promise<Result<PhotoLinks>> {
    const known = anew ? null : this.known(id);
    if (known !== null) return { ok: true, value: known };
    const asked = this.#asked.get(id) ?? this.#ask(id);
    this.#asked.set(id, asked);
    return asked;
  }

  /** Somebody else may sign in next. */
  forget(): void {
    this.#known.clear();
    this.#asked.clear();
  }

  async #ask(id: string): Promise<Result<PhotoLinks>> {
    const answer = await this.#http.get(`/api/photos/${encodeURIComponent(id)}/links`, this.#authorization());
    this.#asked.delete(id);
    const links = readLinks(answer);
    if (links === null) return { ok: false, error: problemOf(answer) };
    const now = this.#clock.now();
    const until = Number.isNaN(links.expiresAt) ? now + LINKS_FOR_MS : links.expiresAt - RENEW_BEFORE_MS;
    this.#known.set(id, { links, until });
    return { ok: true, value: links };
  }

  #authorization(): string {
    const session = this.#session();
    return session === null ? '' : `Bearer ${session.userUUID}.${session.accessKey}`;
  }
}

function queryOf(room: RoomKey): string {
  const { room: name, recipientUUID = '' } = refOf(room);
  return new URLSearchParams(name === undefined ? { recipientUUID } : { room: name }).toString();
}

function fieldsOf(answer: HttpAnswer): Record<string, unknown> {
  return typeof answer.body === 'object' && answer.body !== null ? (answer.body as Record<string, unknown>) : {};
}

function readUploaded(answer: HttpAnswer): UploadedPhoto | null {
  const { id, width, height, bytes, url, thumbnailUrl } = fieldsOf(answer);
  if (answer.status !== 201 || typeof id !== 'string') return null;
  if (typeof width !== 'number' || typeof height !== 'number') return null;
  return {
    Id: id,
    Width: width,
    Height: height,
    Bytes: typeof bytes === 'number' ? bytes : 0,
    ...(typeof url === 'string' ? { Url: url } : {}),
    ...(typeof thumbnailUrl === 'string' ? { ThumbnailUrl: thumbnailUrl } : {}),
  };
}

function readLinks(answer: HttpAnswer): (PhotoLinks & { expiresAt: number }) | null {
  const { url, thumbnailUrl, expiresAt } = fieldsOf(answer);
  if (answer.status !== 200 || typeof url !== 'string') return null;
  return {
    url,
    thumbnailUrl: typeof thumbnailUrl === 'string' ? thumbnailUrl : url,
    expiresAt: typeof expiresAt === 'string' ? Date.parse(expiresAt) : NaN,
  };
}

/** What went wrong, in the gateway's words where it said something. */
function problemOf(answer: HttpAnswer): ErrorBody {
  const { code, reason, error, retryable } = fieldsOf(answer);
  if (typeof error === 'string') {
    return {
      code: typeof code === 'number' ? code : 0,
      ...(typeof reason === 'string' ? { reason } : {}),
      error,
      ...(typeof retryable === 'boolean' ? { retryable } : {}),
    };
  }
  return answer.status === 0
    ? { code: 0, reason: 'disconnected', error: 'The server can’t be reached. Try again.', retryable: true }
    : { code: 0, reason: 'internal', error: `The server refused the photo (${answer.status}).`, retryable: answer.status >= 500 };
}
