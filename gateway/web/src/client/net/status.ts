/** Why the connection is waiting to be tried again. */
export type WaitCause =
  /** It could not be made, or was lost. */
  | 'lost'
  /** The browser says that there is no network. */
  | 'offline'
  /** The gateway is full. */
  | 'full'
  /** The gateway restarts. */
  | 'restart'
  /** The gateway ended it because this client sent far too much. */
  | 'flood';

/** The state of the connection: always exactly one of these. Times are in ms since 1970. */
export type Status =
  /** None, and none wanted. */
  | { readonly name: 'idle' }
  | { readonly name: 'connecting' }
  /** Greeted by `ready`; nobody is signed in. */
  | { readonly name: 'open' }
  | { readonly name: 'authenticating' }
  /** Signed in, and everything missed is here. */
  | { readonly name: 'ready' }
  /** Lost; the next attempt is at `retryAt`. */
  | { readonly name: 'waiting'; readonly retryAt: number; readonly cause: WaitCause }
  /** Let go because the gateway asked for it; the next attempt is at `retryAt`. */
  | { readonly name: 'draining'; readonly retryAt: number }
  /** Ended, and trying again would not help by itself. */
  | { readonly name: 'stopped' };
