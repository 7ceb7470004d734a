/** What the connection needs of the world around it. Browsers give it, and so do tests. */

import type { Random } from './backoff.ts';
import { systemClock, type Clock } from './clock.ts';

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

export const openBrowserSocket: OpenSocket = (url, handlers) => {
  const socket = new WebSocket(url);
  let open = true;
  socket.onopen = () => {
    if (open) handlers.onOpen();
  };
  socket.onmessage = (event: MessageEvent<unknown>) => {
    if (open && typeof event.data === 'string') handlers.onText(event.data);
  };
  socket.onclose = (event) => {
    if (!open) return;
    open = false;
    handlers.onClose(event.code);
  };
  return {
    send(text) {
      if (socket.readyState === WebSocket.OPEN) socket.send(text);
    },
    close() {
      open = false;
      socket.close(1000);
    },
  };
};

export const browserNetwork: Network = {
  online: () => navigator.onLine,
  subscribe(listener) {
    window.addEventListener('online', () => {
      listener('online');
    });
    window.addEventListener('offline', () => {
      listener('offline');
    });
    // A page out of the back-forward cache comes without its connection.
    window.addEventListener('pageshow', (event) => {
      if (event.persisted) listener('visible');
    });
    document.addEventListener('visibilitychange', () => {
      if (document.visibilityState === 'visible') listener('visible');
    });
  },
};

/** The gateway that the page came from. */
export function browserEnvironment(): Environment {
  const scheme = location.protocol === 'https:' ? 'wss:' : 'ws:';
  return {
    url: `${scheme}//${location.host}/ws`,
    openSocket: openBrowserSocket,
    clock: systemClock,
    random: Math.random,
    network: browserNetwork,
  };
}
