import {
  CLOSE,
  decodeServerFrame,
  encodeClientFrame,
  isClientFault,
  type ClientFrame,
  type Ready,
  type ServerFrame,
} from '../protocol/index.ts';
import { backoff, between } from './backoff.ts';
import { Timer } from './clock.ts';
import { ABNORMAL, type Environment, type NetworkEvent, type Socket } from './environment.ts';
import type { Status, WaitCause } from './status.ts';

/** From the first try to the gateway's `ready`. */
const GREETING_TIMEOUT_MS = 10_000;
/** Browsers can't see WebSocket pings, so the page sends its own. */
const PING_INTERVAL_MS = 20_000;
/** Silence after a ping that means that the connection is dead. */
const PONG_TIMEOUT_MS = 10_000;
/** The same when there is a reason for doubt, as after a laptop woke up. */
const DOUBT_TIMEOUT_MS = 4_000;
/** A connection that held this long counts as a success, and backoff begins anew. */
const STABLE_MS = 10_000;
/** A gateway that restarts without having said when to come back. */
const RESTART_WAIT_MS = [500, 2_000] as const;
const FULL_WAIT_MS = [5_000, 10_000] as const;
/** The window of the gateway's rate limits. */
const FLOOD_WAIT_MS = [10_000, 12_000] as const;

export interface ConnectionHandlers {
  onStatus(status: Status): void;
  /** The gateway's first frame; answer by calling `enter`. */
  onGreeted(ready: Ready): void;
  onFrame(frame: ServerFrame): void;
  /** A greeted connection is gone. */
  onDown(): void;
}

/**
 * Keeps one WebSocket to the gateway: opens it, notices when it is dead, and opens the next after
 * the wait that the gateway asked for, or that backoff gives. It knows nothing of who signs in.
 */
export class Connection {
  #status: Status = { name: 'idle' };
  #socket: Socket | null = null;
  #greeted = false;
  /** Connections in a row that failed before they were stable. */
  #failures = 0;
  #readySince: number | null = null;
  #frameBytes = Infinity;
  /** What the gateway said of when to come back, in an error before it closed. */
  #hintMs = 0;
  readonly #greetingTimer: Timer;
  readonly #pingTimer: Timer;
  readonly #pongTimer: Timer;
  readonly #retryTimer: Timer;
  readonly #env: Environment;
  readonly #handlers: ConnectionHandlers;

  constructor(env: Environment, handlers: ConnectionHandlers) {
    this.#env = env;
    this.#handlers = handlers;
    this.#greetingTimer = new Timer(env.clock);
    this.#pingTimer = new Timer(env.clock);
    this.#pongTimer = new Timer(env.clock);
    this.#retryTimer = new Timer(env.clock);
    env.network.subscribe((event) => {
      this.#onNetwork(event);
    });
  }

  get status(): Status {
    return this.#status;
  }

  /** Whether the gateway has greeted and frames can be sent. */
  get usable(): boolean {
    return this.#greeted;
  }

  /** Connects now, unless a connection is there or on its way. */
  start(): void {
    if (this.#socket === null) this.#connect();
  }

  /** Ends the connection for good, until `start`. */
  stop(): void {
    this.#letGo();
    this.#retryTimer.clear();
    this.#failures = 0;
    this.#setStatus({ name: 'idle' });
  }

  /** Says what the greeted connection is used for. */
  enter(name: 'open' | 'authenticating' | 'ready'): void {
    if (!this.#greeted) return;
    if (name === 'ready') this.#readySince ??= this.#env.clock.now();
    this.#setStatus({ name });
  }

  /** Whether the gateway reads a frame of this size; a larger one would end the connection. */
  fits(frame: ClientFrame): boolean {
    return new TextEncoder().encode(encodeClientFrame(frame)).length <= this.#frameBytes;
  }

  send(frame: ClientFrame): void {
    if (this.#greeted) this.#socket?.send(encodeClientFrame(frame));
  }

  #setStatus(status: Status): void {
    if (this.#status.name === status.name && !('retryAt' in status)) return;
    this.#status = status;
    this.#handlers.onStatus(status);
  }

  #connect(): void {
    this.#retryTimer.clear();
    this.#hintMs = 0;
    this.#setStatus({ name: 'connecting' });
    this.#greetingTimer.set(GREETING_TIMEOUT_MS, () => {
      this.#lost(ABNORMAL);
    });
    this.#socket = this.#env.openSocket(this.#env.url, {
      onOpen: () => undefined,
      onText: (text) => {
        this.#onText(text);
      },
      onClose: (code) => {
        this.#lost(code);
      },
    });
  }

  #onText(text: string): void {
    // Whatever comes shows that the connection lives.
    this.#pongTimer.clear();
    const outcome = decodeServerFrame(text);
    // A frame that a newer gateway sends and this client doesn't know changes nothing.
    if (!outcome.ok) return;
    const frame = outcome.value;
    if (frame.type === 'pong') return;
    if (frame.type === 'ready') {
      this.#greet(frame.ready);
      return;
    }
    if (frame.type === 'sys' && frame.sys.type === 'reconnect') {
      this.#drain(frame.sys.reconnect.delayMs);
      return;
    }
    if (frame.type === 'error' && frame.id === undefined) {
      this.#hintMs = frame.error.retryAfterMs ?? 0;
    }
    this.#handlers.onFrame(frame);
  }

  #greet(ready: Ready): void {
    this.#greetingTimer.clear();
    this.#greeted = true;
    this.#frameBytes = ready.frameBytes;
    this.#schedulePing();
    this.#handlers.onGreeted(ready);
  }

  #schedulePing(): void {
    this.#pingTimer.set(PING_INTERVAL_MS, () => {
      this.#ping(PONG_TIMEOUT_MS);
      this.#schedulePing();
    });
  }

  #ping(timeoutMs: number): void {
    this.send({ type: 'ping', id: 'ping' });
    this.#pongTimer.set(timeoutMs, () => {
      this.#lost(ABNORMAL);
    });
  }

  /** The gateway is going away. What is on its way is sent again after `resume`. */
  #drain(delayMs: number): void {
    this.#letGo();
    this.#failures = 0;
    this.#retryAfter(delayMs);
    this.#setStatus({ name: 'draining', retryAt: this.#env.clock.now() + delayMs });
  }

  #lost(code: number): void {
    const before = this.#status.name;
    const now = this.#env.clock.now();
    if (this.#readySince !== null && now - this.#readySince >= STABLE_MS) this.#failures = 0;
    this.#letGo();
    if (isClientFault(code)) {
      this.#setStatus({ name: 'stopped' });
    } else if (code === CLOSE.SIGN_IN_TIMEOUT && before === 'open') {
      this.#setStatus({ name: 'idle' });
    } else {
      this.#wait(code, now);
    }
  }

  #wait(code: number, now: number): void {
    const { wait, cause } = this.#waitAfter(code);
    const delay = Math.max(wait, this.#hintMs);
    this.#failures += 1;
    this.#retryAfter(delay);
    this.#setStatus({ name: 'waiting', retryAt: now + delay, cause });
  }

  #waitAfter(code: number): { wait: number; cause: WaitCause } {
    const { random, network } = this.#env;
    const grown = backoff(this.#failures, random);
    switch (code) {
      case CLOSE.RESTART:
        return { wait: Math.max(grown, between(...RESTART_WAIT_MS, random)), cause: 'restart' };
      case CLOSE.TRY_AGAIN_LATER:
        return { wait: Math.max(grown, between(...FULL_WAIT_MS, random)), cause: 'full' };
      case CLOSE.FLOOD:
        return { wait: Math.max(grown, between(...FLOOD_WAIT_MS, random)), cause: 'flood' };
      default:
        return { wait: grown, cause: network.online() ? 'lost' : 'offline' };
    }
  }

  #retryAfter(delayMs: number): void {
    this.#retryTimer.set(delayMs, () => {
      this.#connect();
    });
  }

  /** Ends the socket and everything that belongs to it. */
  #letGo(): void {
    this.#greetingTimer.clear();
    this.#pingTimer.clear();
    this.#pongTimer.clear();
    this.#socket?.close();
    this.#socket = null;
    this.#readySince = null;
    if (!this.#greeted) return;
    this.#greeted = false;
    this.#handlers.onDown();
  }

  #onNetwork(event: NetworkEvent): void {
    if (this.#greeted) {
      this.#ping(DOUBT_TIMEOUT_MS);
    } else if (this.#status.name === 'waiting') {
      // A full gateway asked for patience; a network that came back does not change that.
      if (event === 'offline') this.#setStatus({ ...this.#status, cause: 'offline' });
      else if (this.#status.cause === 'lost' || this.#status.cause === 'offline') this.#connect();
    }
  }
}
