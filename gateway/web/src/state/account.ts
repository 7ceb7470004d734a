import type { Profile, SessionInfo, User } from '@parlor/client/protocol';
import type { Client, Result } from '@parlor/client';
import type { AppState } from './model.ts';
import type { AppEvent } from './events.ts';
import type { Store } from './store.ts';

const FOUND_PEOPLE = 20;

/** Profiles, one's own sessions, and finding people. */
export class Account {
  readonly #client: Client;
  readonly #store: Store<AppState, AppEvent>;

  constructor(client: Client, store: Store<AppState, AppEvent>) {
    this.#client = client;
    this.#store = store;
  }

  profile(userUUID: string): Promise<Result<Profile>> {
    return this.#client.ask('profile', { userUUID });
  }

  update(change: { displayName?: string; color?: string; avatar?: string }): Promise<Result<Profile>> {
    return this.#client.ask('profileUpdate', change);
  }

  changePassword(old: string, next: string): Promise<Result<unknown>> {
    return this.#client.ask('passwordChange', { old, new: next });
  }

  async sessions(): Promise<Result<SessionInfo[]>> {
    const result = await this.#client.ask('sessions', undefined);
    return result.ok ? { ok: true, value: result.value.sessions } : result;
  }

  endSession(sessionUUID: string): Promise<Result<unknown>> {
    return this.#client.ask('sessionEnd', { sessionUUID });
  }

  /** Deletes the account that is signed in. */
  delete(password: string): Promise<Result<unknown>> {
    const userUUID = this.#client.session?.userUUID ?? '';
    return this.#client.ask('userDelete', { userUUID, password });
  }

  /** People whose names begin with it. */
  async find(prefix: string): Promise<Result<User[]>> {
    const result = await this.#client.ask('users', { prefix, limit: FOUND_PEOPLE });
    if (!result.ok) return result;
    this.#store.dispatch({ type: 'met', users: result.value.users });
    return { ok: true, value: result.value.users };
  }
}
