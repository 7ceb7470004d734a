import { refOf, type ClientFrame, type ErrorBody } from '../protocol/index.ts';
import { backoff } from './backoff.ts';
import { Timer } from './clock.ts';
import type { Connection } from './connection.ts';
import type { Environment } from './environment.ts';
import type { Credentials, Emit, SignedOutWhy } from './events.ts';
import type { Member } from './members.ts';
import type { Request } from './requests.ts';
import { isSignOutElsewhere, type Session, type SessionStore } from './session.ts';

/** Waiting for the answer to `signOut` before going on without. */
const SIGN_OUT_TIMEOUT_MS = 2_000;

/** Who this client is: always exactly one of these. */
type Who =
  | { readonly phase: 'nobody' }
  /** From an earlier visit: no room is joined yet. */
  | { readonly phase: 'remembered'; readonly session: Session }
  /** On this connection. */
  | { readonly phase: 'signedIn'; readonly session: Session }
  /** The connection is gone; the next one resumes. */
  | { readonly phase: 'away'; readonly session: Session };

export interface AuthPorts {
  readonly emit: Emit;
  readonly request: (request: Request, build: (id: string) => ClientFrame) => void;
  /** The rooms to resume, and where. */
  readonly resuming: () => readonly Member[];
  /** The resume was refused, so none of them is on its way. */
  readonly onResumeRefused: () => void;
  /** Somebody else is signed in, of whom nothing is known yet. */
  readonly onNewUser: (session: Session) => void;
  readonly onSignedIn: (how: 'fresh' | 'again') => void;
  /** Nothing is missing any more. */
  readonly onReady: () => void;
  readonly onForgotten: (why: SignedOutWhy) => void;
}

/** Signs in, resumes, signs out; remembers who is signed in. */
export class Auth {
  readonly #env: Environment;
  readonly #connection: Connection;
  readonly #sessions: SessionStore;
  readonly #ports: AuthPorts;
  #who: Who;
  /** An attempt to sign in that somebody waits for. */
  #attempt: Credentials | null = null;
  /** `alone` after a `resume` with rooms was refused: sign in, and join them one by one. */
  #resume: 'withRooms' | 'alone' = 'withRooms';
  readonly #retryTimer: Timer;
  readonly #signOutTimer: Timer;

  constructor(env: Environment, connection: Connection, sessions: SessionStore, ports: AuthPorts) {
    this.#env = env;
    this.#connection = connection;
    this.#sessions = sessions;
    this.#ports = ports;
    this.#retryTimer = new Timer(env.clock);
    this.#signOutTimer = new Timer(env.clock);
    const session = sessions.load();
    this.#who = session === null ? { phase: 'nobody' } : { phase: 'remembered', session };
  }

  get session(): Session | null {
    return this.#who.phase === 'nobody' ? null : this.#who.session;
  }

  get isSignedIn(): boolean {
    return this.#who.phase === 'signedIn';
  }

  signIn(credentials: Credentials): void {
    this.#attempt = credentials;
    this.#signOutTimer.clear();
    if (this.#connection.usable) this.#sendAttempt(credentials);
    else this.#connection.start();
  }

  signOut(): void {
    if (this.isSignedIn) {
      this.#ports.request({ kind: 'signOut' }, (id) => ({ id, type: 'signOut' }));
      this.#signOutTimer.set(SIGN_OUT_TIMEOUT_MS, () => {
        this.#connection.stop();
        this.#connection.start();
      });
    }
    this.#forget('asked');
  }

  /** The server, or another tab, ended it; the next connection is nobody's. */
  end(why: SignedOutWhy, error: ErrorBody | null): void {
    this.#forget(why, error);
    this.#connection.stop();
    this.#connection.start();
  }

  onStorage(change: { key: string | null; oldValue: string | null; newValue: string | null }): void {
    const { session } = this;
    if (session !== null && isSignOutElsewhere(change, session)) this.end('elsewhere', null);
  }

  // What the connection tells.

  onGreeted(): void {
    const { session } = this;
    if (this.#attempt !== null) this.#sendAttempt(this.#attempt);
    else if (session !== null) this.#sendResume(session);
    else this.#connection.enter('open');
  }

  onDown(): void {
    if (this.#who.phase === 'signedIn') this.#who = { phase: 'away', session: this.#who.session };
    this.#retryTimer.clear();
    this.#signOutTimer.clear();
  }

  /** Whoever waits for an attempt on a connection that is gone is told. */
  onLost(error: ErrorBody): void {
    if (this.#attempt !== null) this.#failAttempt(error);
  }

  // What the gateway answers.

  onAuthorized(session: Session, request: Request | undefined): void {
    const attempt = request?.kind === 'auth' ? this.#attempt : null;
    const before = this.#who;
    // An answer to what was given up since, as by signing out, or by signing in as somebody else.
    if (attempt === null && (before.phase === 'nobody' || this.#attempt !== null)) return;
    // A fresh token for who is signed in changes nothing else: the gateway keeps their rooms.
    const isRenewal = attempt?.kind === 'token' && before.phase === 'signedIn' && before.session.userUUID === session.userUUID;
    const isNew = attempt !== null && !isRenewal;
    const how = isNew || before.phase === 'remembered' ? 'fresh' : 'again';
    this.#attempt = null;
    this.#who = { phase: 'signedIn', session };
    if (attempt === null) this.#sessions.refresh(session);
    else this.#sessions.save(session);
    if (isNew) this.#ports.onNewUser(session);
    this.#ports.emit({ type: 'signedIn', session, fresh: how === 'fresh' });
    this.#ports.onSignedIn(how);
    if (attempt !== null) this.#enterReady();
  }

  onResumed(): void {
    this.#resume = 'withRooms';
    if (this.isSignedIn) this.#enterReady();
  }

  onSignedOut(): void {
    this.#signOutTimer.clear();
    if (this.#who.phase === 'nobody' && this.#attempt === null) this.#connection.enter('open');
  }

  onRefused(kind: 'auth' | 'resume', error: ErrorBody): void {
    if (kind === 'resume') {
      this.#onResumeRefused(error);
      return;
    }
    // Whoever was signed in on this connection still is.
    this.#connection.enter(this.isSignedIn ? 'ready' : 'open');
    this.#failAttempt(error);
  }

  #enterReady(): void {
    this.#connection.enter('ready');
    this.#ports.onReady();
  }

  #failAttempt(error: ErrorBody): void {
    this.#attempt = null;
    this.#ports.emit({ type: 'signInFailed', error });
  }

  #sendAttempt(credentials: Credentials): void {
    this.#connection.enter('authenticating');
    this.#ports.request({ kind: 'auth' }, (id) => ({ id, ...frameOf(credentials) }));
  }

  #sendResume({ userUUID, accessKey }: Session): void {
    this.#connection.enter('authenticating');
    const members = this.#resume === 'withRooms' ? this.#ports.resuming() : [];
    this.#ports.request({ kind: 'resume' }, (id) => ({
      id,
      type: 'resume',
      resume: { userUUID, accessKey, rooms: members.map(({ room, epoch, seq }) => ({ ...refOf(room), epoch, seq })) },
    }));
  }

  #onResumeRefused(error: ErrorBody): void {
    const { session } = this;
    if (session === null) return;
    if (error.retryable === true) {
      this.#ports.onResumeRefused();
      this.#retryTimer.set(error.retryAfterMs ?? backoff(1, this.#env.random), () => {
        this.#sendResume(session);
      });
    } else if (error.reason === 'banned') {
      this.#forget('banned', error);
      this.#connection.enter('open');
    } else if (error.reason === 'sessionExpired' || this.#resume === 'alone') {
      this.#forget('expired');
      this.#connection.enter('open');
    } else {
      // One of the rooms may be what is wrong.
      this.#resume = 'alone';
      this.#ports.onResumeRefused();
      this.#sendResume(session);
    }
  }

  /** Nobody is signed in any more, as far as this client is concerned. */
  #forget(why: SignedOutWhy, error: ErrorBody | null = null): void {
    const { session } = this;
    if (session !== null) this.#sessions.forget(session);
    this.#who = { phase: 'nobody' };
    this.#resume = 'withRooms';
    this.#retryTimer.clear();
    this.#ports.onForgotten(why);
    this.#ports.emit({ type: 'signedOut', why, error });
  }
}

function frameOf(credentials: Credentials): ClientFrame {
  switch (credentials.kind) {
    case 'password':
      return { type: 'signIn', signIn: { username: credentials.username, password: credentials.password } };
    case 'signUp':
      return { type: 'signUp', signUp: { username: credentials.username, password: credentials.password } };
    case 'guest':
      return { type: 'signIn', signIn: { nickname: credentials.nickname } };
    case 'token':
      return { type: 'signIn', signIn: { token: credentials.token } };
    case 'accessKey':
      return { type: 'resume', resume: { userUUID: credentials.userUUID, accessKey: credentials.accessKey, rooms: [] } };
  }
}
