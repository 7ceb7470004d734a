/** What really goes over the wire, as Chromium's own network panel counts it. */

import type { CDPSession, Page } from '@playwright/test';

export interface Transfer {
  readonly url: URL;
  readonly status: number;
  /** In lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** Headers and body, compressed as they came; 0 for what the browser had. */
  readonly bytes: number;
}

type Received = Omit<Transfer, 'bytes'>;

/** The requests of a page, but for its socket. */
export class Wire {
  readonly #session: CDPSession;
  readonly #received = new Map<string, Received>();
  #transfers: Transfer[] = [];

  private constructor(session: CDPSession) {
    this.#session = session;
  }

  static async of(page: Page): Promise<Wire> {
    const session = await page.context().newCDPSession(page);
    const wire = new Wire(session);
    session.on('Network.responseReceived', ({ requestId, response }) => {
      const headers = Object.entries(response.headers).map(([name, value]) => [name.toLowerCase(), value] as const);
      wire.#received.set(requestId, {
        url: new URL(response.url),
        status: response.status,
        headers: Object.fromEntries(headers),
      });
    });
    session.on('Network.loadingFinished', ({ requestId, encodedDataLength }) => {
      const received = wire.#received.get(requestId);
      if (received !== undefined) wire.#transfers.push({ ...received, bytes: encodedDataLength });
    });
    await session.send('Network.enable');
    return wire;
  }

  /** What came since this was asked last. */
  take(): Transfer[] {
    return this.#transfers.splice(0);
  }

  async stop(): Promise<void> {
    await this.#session.detach();
  }
}

export function bytesOf(transfers: readonly Transfer[]): number {
  return transfers.reduce((sum, { bytes }) => sum + bytes, 0);
}
