/** What the connection needs of the world around it. Browsers give it, and so do tests. */

import type { Random } from './backoff.ts';
import type { Clock } from './clock.ts';

export interface SocketHandlers {
  onOpen(): void;
  onText(text: string): void;
  /** At most once; nothing comes after it. */
  onClose(code: number): void;
}

export interface Socket {
  send(text: string): void;
  /** Ends it; no handler is called any more. */
  close(): void;
}

export type OpenSocket = (url: string, handlers: SocketHandlers) => Socket;

/** `online` and `offline` as the browser says; `visible` when somebody looks at the page again. */
export type NetworkEvent = 'online' | 'offline' | 'visible';

export interface Network {
  online(): boolean;
  subscribe(listener: (event: NetworkEvent) => void): void;
}

export interface Environment {
  readonly url: string;
  readonly openSocket: OpenSocket;
  readonly clock: Clock;
  readonly random: Random;
  readonly network: Network;
}

/** A close code for sockets that ended without one (RFC 6455, section 7.4.1). */
export const ABNORMAL = 1006;

/**
 * Whatever has the interface of browsers' `WebSocket`: the global one, or in Node 20, which has none,
 * that of the package `ws`.
 */
export type WebSocketConstructor = new (url: string) => object;

/** The part of its instances that is used. */
interface WebSocketLike {
  readonly readyState: number;
  onopen: () => void;
  onmessage: (event: { data: unknown }) => void;
  onclose: (event: { code: number }) => void;
  onerror: () => void;
  send(text: string): void;
  close(code: number): void;
}

const OPEN = 1;
const NORMAL_CLOSURE = 1000;

export function socketsOf(constructor: WebSocketConstructor): OpenSocket {
  return (url, handlers) => {
    const socket = new constructor(url) as WebSocketLike;
    let state: 'open' | 'ended' = 'open';
    socket.onopen = () => {
      if (state === 'open') handlers.onOpen();
    };
    socket.onmessage = ({ data }) => {
      if (state === 'open' && typeof data === 'string') handlers.onText(data);
    };
    socket.onclose = ({ code }) => {
      if (state === 'ended') return;
      state = 'ended';
      handlers.onClose(code);
    };
    // What went wrong is not told, and a close follows. Some throw where nobody listens.
    socket.onerror = () => undefined;
    return {
      send(text) {
        if (socket.readyState === OPEN) socket.send(text);
      },
      close() {
        state = 'ended';
        socket.close(NORMAL_CLOSURE);
      },
    };
  };
}

/** Where nobody tells whether there is a network, there is one. */
export const alwaysOnline: Network = { online: () => true, subscribe: () => undefined };
