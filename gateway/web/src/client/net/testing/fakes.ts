/** A clock, a network and a gateway that tests own. */

import {
  decodeClientFrame,
  encodeServerFrame,
  type ClientFrame,
  type ClientFrameType,
  type ServerFrame,
} from '../../protocol/index.ts';
import type { Clock } from '../clock.ts';
import type { Environment, Network, NetworkEvent, SocketHandlers } from '../environment.ts';
import type { Http, HttpAnswer } from '../http.ts';
import type { KeyValue } from '../storage.ts';

export class FakeClock implements Clock {
  #now = 1_000_000;
  #timers: { at: number; action: () => void }[] = [];

  now(): number {
    return this.#now;
  }

  after(ms: number, action: () => void): () => void {
    const timer = { at: this.#now + ms, action };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  /** Lets `ms` pass and runs what falls due, in order. */
  advance(ms: number): void {
    const end = this.#now + ms;
    for (;;) {
      const next = this.#timers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
      if (next === undefined) break;
      this.#timers = this.#timers.filter((timer) => timer !== next);
      this.#now = next.at;
      next.action();
    }
    this.#now = end;
  }
}

export class FakeNetwork implements Network {
  isOnline = true;
  #listeners: ((event: NetworkEvent) => void)[] = [];

  online(): boolean {
    return this.isOnline;
  }

  subscribe(listener: (event: NetworkEvent) => void): void {
    this.#listeners.push(listener);
  }

  tell(event: NetworkEvent): void {
    if (event !== 'visible') this.isOnline = event === 'online';
    for (const listener of this.#listeners) listener(event);
  }
}

/** One connection as the gateway sees it. */
export class FakeSocket {
  readonly received: ClientFrame[] = [];
  closed = false;
  readonly #handlers: SocketHandlers;

  constructor(handlers: SocketHandlers) {
    this.#handlers = handlers;
  }

  /** The gateway sends. */
  say(frame: ServerFrame): void {
    this.sayText(encodeServerFrame(frame));
  }

  sayText(text: string): void {
    if (!this.closed) this.#handlers.onText(text);
  }

  /** The gateway, or the network, ends it. */
  end(code = 1006): void {
    if (this.closed) return;
    this.closed = true;
    this.#handlers.onClose(code);
  }

  take(text: string): void {
    const outcome = decodeClientFrame(text);
    if (!outcome.ok) throw new Error(outcome.problem);
    this.received.push(outcome.value);
  }

  /** The requests of a type, in order. */
  requests<K extends ClientFrameType>(type: K): Extract<ClientFrame, { type: K }>[] {
    return this.received.filter((frame): frame is Extract<ClientFrame, { type: K }> => frame.type === type);
  }

  last<K extends ClientFrameType>(type: K): Extract<ClientFrame, { type: K }> {
    const frame = this.requests(type).at(-1);
    if (frame === undefined) throw new Error(`no ${type} was sent`);
    return frame;
  }
}

export class FakeWorld {
  readonly clock = new FakeClock();
  readonly network = new FakeNetwork();
  readonly sockets: FakeSocket[] = [];
  random = 0.5;

  get env(): Environment {
    return {
      url: 'ws://gateway/ws',
      clock: this.clock,
      network: this.network,
      random: () => this.random,
      openSocket: (_url, handlers) => {
        const socket = new FakeSocket(handlers);
        this.sockets.push(socket);
        return {
          send: (text) => {
            if (!socket.closed) socket.take(text);
          },
          close: () => {
            socket.closed = true;
          },
        };
      },
    };
  }

  /** The newest connection. */
  get socket(): FakeSocket {
    const socket = this.sockets.at(-1);
    if (socket === undefined) throw new Error('nothing has connected');
    return socket;
  }
}

interface FakeRequest {
  readonly path: string;
  readonly authorization: string;
  readonly body: Blob | null;
  readonly progress: (share: number) => void;
  readonly answer: (answer: HttpAnswer) => void;
}

/** HTTP whose requests wait until a test answers them. */
export class FakeHttp implements Http {
  readonly requests: FakeRequest[] = [];

  get(path: string, authorization: string): Promise<HttpAnswer> {
    return new Promise((answer) => {
      this.requests.push({ path, authorization, body: null, progress: () => undefined, answer });
    });
  }

  post(
    path: string,
    authorization: string,
    body: Blob,
    progress: (share: number) => void,
  ): { answer: Promise<HttpAnswer>; abort: () => void } {
    let give: (answer: HttpAnswer) => void = () => undefined;
    const answer = new Promise<HttpAnswer>((resolve) => {
      give = resolve;
    });
    this.requests.push({ path, authorization, body, progress, answer: give });
    return {
      answer,
      abort: () => {
        give({ status: 0, body: null });
      },
    };
  }

  /** The newest request. */
  get last(): FakeRequest {
    const request = this.requests.at(-1);
    if (request === undefined) throw new Error('nothing was asked for');
    return request;
  }
}

export function memoryStorage(): KeyValue & { readonly entries: Map<string, string> } {
  const entries = new Map<string, string>();
  return {
    entries,
    get: (key) => entries.get(key) ?? null,
    set: (key, value) => {
      entries.set(key, value);
    },
    remove: (key) => {
      entries.delete(key);
    },
  };
}
