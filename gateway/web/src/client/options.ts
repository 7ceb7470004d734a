import {
  browserHttpAt,
  browserNetwork,
  fetchHttp,
  isBrowser,
  socketsOf,
  systemClock,
  alwaysOnline,
  type Environment,
  type Http,
  type KeyValue,
  type WebSocketConstructor,
} from './net/index.ts';

export interface ParlorOptions {
  /** The server: `https://chat.example.org`, or with `http:` where there is no TLS. */
  readonly url: string;
  /** Where the session and unsent messages are kept; by default in memory, until the program ends. */
  readonly storage?: KeyValue;
  /** Needed in Node 20, which has none of its own: that of the package `ws`. */
  readonly WebSocket?: WebSocketConstructor;
}

export interface World {
  readonly env: Environment;
  readonly http: Http;
  /** What paths that the server names are relative to. */
  readonly base: string;
}

/**
 * What the client needs of where it runs.
 *
 * @throws TypeError for an address that is none, and where there is no `WebSocket`
 */
export function worldOf({ url, WebSocket }: ParlorOptions): World {
  const server = new URL(url);
  if (server.protocol !== 'https:' && server.protocol !== 'http:') {
    throw new TypeError(`the server's address begins with https:// or http://, not ${server.protocol}`);
  }
  const base = server.href.replace(/[/]+$/u, '');
  const constructor = WebSocket ?? (globalThis as { WebSocket?: WebSocketConstructor }).WebSocket;
  if (constructor === undefined) throw new TypeError('there is no WebSocket here: give one as an option');
  const env = {
    url: `${base.replace(/^http/u, 'ws')}/ws`,
    openSocket: socketsOf(constructor),
    clock: systemClock,
    random: Math.random,
    network: isBrowser() ? browserNetwork : alwaysOnline,
  };
  return { env, base, http: isBrowser() ? browserHttpAt(base) : fetchHttp(base, fetch) };
}
