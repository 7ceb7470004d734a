/** What a browser gives; nothing else here knows of one. */

import { systemClock } from './clock.ts';
import { socketsOf, type Environment, type Network } from './environment.ts';
import { fetchHttp, parseBody, type Http, type HttpAnswer } from './http.ts';
import type { KeyValue } from './storage.ts';

export function isBrowser(): boolean {
  return 'window' in globalThis && 'XMLHttpRequest' in globalThis;
}

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
    openSocket: socketsOf(WebSocket),
    clock: systemClock,
    random: Math.random,
    network: browserNetwork,
  };
}

/** At the server `base`; with an empty one, where the page came from. */
export function browserHttpAt(base: string): Http {
  const byFetch = fetchHttp(base, fetch);
  return {
    get: (path, authorization) => byFetch.get(path, authorization),

    // `fetch` can't tell how much has been sent.
    post(path, authorization, body, onProgress) {
      const request = new XMLHttpRequest();
      const answer = new Promise<HttpAnswer>((resolve) => {
        request.upload.onprogress = (event) => {
          if (event.lengthComputable) onProgress(event.loaded / event.total);
        };
        request.onloadend = () => {
          resolve({ status: request.status, body: parseBody(request.responseText) });
        };
        request.open('POST', base + path);
        request.setRequestHeader('authorization', authorization);
        if (body.type !== '') request.setRequestHeader('content-type', body.type);
        request.send(body);
      });
      return {
        answer,
        abort: () => {
          request.abort();
        },
      };
    },
  };
}

export const browserHttp: Http = browserHttpAt('');

/**
 * A browser's storage. Where it is forbidden or full the page goes on, and only forgets on reload.
 */
export function browserStorage(area: () => Storage): KeyValue {
  const guarded = <T>(action: (storage: Storage) => T, otherwise: T): T => {
    try {
      return action(area());
    } catch {
      return otherwise;
    }
  };
  return {
    get: (key) => guarded((storage) => storage.getItem(key), null),
    set: (key, value) => {
      guarded((storage) => {
        storage.setItem(key, value);
      }, undefined);
    },
    remove: (key) => {
      guarded((storage) => {
        storage.removeItem(key);
      }, undefined);
    },
  };
}
