import type { Clock } from './clock.ts';

/** Lets `burst` things happen at once, and from then on one each `intervalMs`. */
export class Pace {
  readonly #clock: Clock;
  readonly #burst: number;
  readonly #intervalMs: number;
  /** When all that has been taken is made up for. */
  #paidAt = 0;

  constructor(clock: Clock, burst: number, intervalMs: number) {
    this.#clock = clock;
    this.#burst = burst;
    this.#intervalMs = intervalMs;
  }

  /** 0, and it may happen now; or how many ms to wait before asking again. */
  take(): number {
    const now = this.#clock.now();
    const paidAt = Math.max(this.#paidAt, now) + this.#intervalMs;
    const wait = paidAt - now - this.#burst * this.#intervalMs;
    if (wait > 0) return wait;
    this.#paidAt = paidAt;
    return 0;
  }

  reset(): void {
    this.#paidAt = 0;
  }
}
