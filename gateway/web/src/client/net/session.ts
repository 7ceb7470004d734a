import type { Authorized } from '../protocol/index.ts';
import { readJson, type KeyValue } from './storage.ts';

/** Who is signed in, with the key that signs in again. */
export type Session = Authorized;

const SESSION_KEY = 'parlor.session';

/**
 * Keeps the session over reloads. A tab remembers its own (`tab`), so two tabs can be two users;
 * a new tab begins as who signed in last (`shared`).
 */
export class SessionStore {
  readonly #tab: KeyValue;
  readonly #shared: KeyValue;

  constructor(tab: KeyValue, shared: KeyValue) {
    this.#tab = tab;
    this.#shared = shared;
  }

  load(): Session | null {
    return parse(readJson(this.#tab, SESSION_KEY)) ?? parse(readJson(this.#shared, SESSION_KEY));
  }

  save(session: Session): void {
    const text = JSON.stringify(session);
    this.#tab.set(SESSION_KEY, text);
    this.#shared.set(SESSION_KEY, text);
  }

  /** Keeps it for this tab; what other tabs begin with stays. */
  refresh(session: Session): void {
    const text = JSON.stringify(session);
    this.#tab.set(SESSION_KEY, text);
    if (this.#sharedIs(session.userUUID)) this.#shared.set(SESSION_KEY, text);
  }

  forget(session: Session): void {
    this.#tab.remove(SESSION_KEY);
    if (this.#sharedIs(session.userUUID)) this.#shared.remove(SESSION_KEY);
  }

  #sharedIs(userUUID: string): boolean {
    return parse(readJson(this.#shared, SESSION_KEY))?.userUUID === userUUID;
  }
}

/** Whether a change of `localStorage` is another tab signing out of `session`. */
export function isSignOutElsewhere(change: { key: string | null; oldValue: string | null; newValue: string | null }, session: Session): boolean {
  if (change.key !== SESSION_KEY || change.newValue !== null || change.oldValue === null) return false;
  try {
    return parse(JSON.parse(change.oldValue))?.accessKey === session.accessKey;
  } catch {
    return false;
  }
}

function parse(value: unknown): Session | null {
  if (typeof value !== 'object' || value === null) return null;
  const { userUUID, accessKey, username, guest, role } = value as Record<string, unknown>;
  if (typeof userUUID !== 'string' || typeof accessKey !== 'string' || typeof username !== 'string') {
    return null;
  }
  const known = { userUUID, accessKey, username, guest: guest === true };
  return typeof role === 'string' ? { ...known, role } : known;
}
