import type { ErrorBody } from '../protocol/index.ts';

/** An error of this client's own, in the shape of the gateway's. */
export function localError(reason: string, error: string, retryable: boolean): ErrorBody {
  return { code: 0, reason, error, retryable };
}

export const LOST = localError('disconnected', 'The connection was lost. Try again in a moment.', true);
export const DISCONNECTED = localError('disconnected', 'There is no connection now. Try again in a moment.', true);
export const SILENCE = localError('noAnswer', 'The server did not answer. Try again.', true);
export const SIGNED_OUT = localError('signedOut', 'You are signed out.', false);
export const REMOVED = localError('removed', 'You are no longer in this room.', false);
export const LEFT = localError('left', 'You left this room.', false);
export const DISCARDED = localError('discarded', 'The message was given up.', false);
export const UNCERTAIN = localError('uncertain', 'This may or may not have been sent.', true);
export const TOO_LONG = localError('messageRefused', 'This is too long for the server.', false);
