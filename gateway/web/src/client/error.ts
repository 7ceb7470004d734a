import type { ErrorBody } from './protocol/index.ts';

/** What a rejected promise of `Parlor` holds: the server's words, or the client's own. */
export class ParlorError extends Error {
  override readonly name = 'ParlorError';
  /** A stable name, as `shared/PROTOCOL.md` lists them, or one of the client's own. */
  readonly reason: string;
  /** The server's number for it; 0 for the client's own. */
  readonly code: number;
  /** Whether the same may work later: after this many ms, where the server says so. */
  readonly retry: 'never' | 'later' | { readonly afterMs: number };
  /** All that is known. */
  readonly body: ErrorBody;

  constructor(body: ErrorBody) {
    super(body.error);
    this.body = body;
    this.reason = body.reason ?? 'unknown';
    this.code = body.code;
    if (body.retryable !== true) this.retry = 'never';
    else this.retry = body.retryAfterMs === undefined ? 'later' : { afterMs: body.retryAfterMs };
  }
}
