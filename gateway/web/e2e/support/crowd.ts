/** Very much that is said in General, by a page that shows nothing. */

import type { Page } from '@playwright/test';

interface Much {
  readonly messages: number;
  /** As fast as they are acknowledged, if left out. */
  readonly perSecond?: number;
}

/** `page` stands on a page of the gateway's that runs no script. Says `message N of the crowd`. */
export async function sayMuch(page: Page, much: Much): Promise<{ messages: number; perSecond: number }> {
  return page.evaluate(async ({ messages, perSecond }) => {
    const socket = new WebSocket(`ws://${location.host}/ws`);
    const say = (frame: object): void => {
      socket.send(JSON.stringify(frame));
    };
    // So many wait for their acknowledgement at once.
    const MOST_WAITING = 200;
    const TICK_MS = 20;
    let sent = 0;
    let acknowledged = 0;
    let begin = 0;
    return new Promise<{ messages: number; perSecond: number }>((resolve, reject) => {
      const sayMore = (): void => {
        const due = perSecond === undefined ? messages : Math.floor(((performance.now() - begin) / 1_000) * perSecond);
        while (sent < Math.min(messages, due) && sent - acknowledged < MOST_WAITING) {
          sent += 1;
          say({ id: `m${sent}`, type: 'channelMessage', channelMessage: { recipientUUID: '', message: `message ${sent} of the crowd` } });
        }
      };
      socket.onmessage = ({ data }) => {
        const frame = JSON.parse(String(data)) as { type: string; error?: { error: string } };
        if (frame.type === 'ready') say({ id: 'a', type: 'signIn', signIn: { nickname: `Crowd ${Date.now() % 100_000}` } });
        if (frame.type === 'authorized') say({ id: 'j', type: 'channelJoin', channelJoin: { recipientUUID: '' } });
        if (frame.type === 'error') reject(new Error(frame.error?.error));
        if (frame.type === 'channelJoin') {
          begin = performance.now();
          if (perSecond === undefined) sayMore();
          else setInterval(sayMore, TICK_MS);
        }
        if (frame.type === 'ack') {
          acknowledged += 1;
          if (perSecond === undefined) sayMore();
          if (acknowledged === messages) {
            socket.close();
            resolve({ messages, perSecond: (messages / (performance.now() - begin)) * 1_000 });
          }
        }
      };
      socket.onclose = () => {
        reject(new Error('the connection of the crowd was lost'));
      };
    });
  }, much);
}
