/** Close codes of the WebSocket, see `shared/PROTOCOL.md`. */
export const CLOSE = {
  NORMAL: 1000,
  PROTOCOL: 1002,
  UNSUPPORTED: 1003,
  INVALID_UTF8: 1007,
  TOO_BIG: 1009,
  INTERNAL: 1011,
  RESTART: 1012,
  TRY_AGAIN_LATER: 1013,
  SIGN_IN_TIMEOUT: 4001,
  SIGN_IN_REFUSED: 4002,
  /** The session was ended elsewhere, or the user was banned. */
  SIGNED_OUT: 4003,
  SLOW_CONSUMER: 4008,
  PONG_TIMEOUT: 4010,
  FLOOD: 4029,
} as const;

/** Codes that say this client did something wrong: trying again would only repeat it. */
export function isClientFault(code: number): boolean {
  return (
    code === CLOSE.PROTOCOL ||
    code === CLOSE.UNSUPPORTED ||
    code === CLOSE.INVALID_UTF8 ||
    code === CLOSE.TOO_BIG
  );
}
