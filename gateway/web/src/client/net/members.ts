import type { RoomKey } from '../protocol/index.ts';

/** A room that this client wants to be in. */
export interface Member {
  readonly room: RoomKey;
  /** `wanted`: not asked for on this connection yet. */
  phase: 'wanted' | 'joining' | 'joined';
  /** The last message received, for `resume`. */
  epoch: string;
  seq: number;
}

/** The rooms, and how far each of them has been read off the wire. */
export class Members {
  readonly #rooms = new Map<RoomKey, Member>();

  get(room: RoomKey): Member | undefined {
    return this.#rooms.get(room);
  }

  all(): Member[] {
    return [...this.#rooms.values()];
  }

  want(room: RoomKey): Member {
    const member = this.#rooms.get(room) ?? { room, phase: 'wanted', epoch: '', seq: 0 };
    this.#rooms.set(room, member);
    return member;
  }

  drop(room: RoomKey): void {
    this.#rooms.delete(room);
  }

  clear(): void {
    this.#rooms.clear();
  }

  /** The connection is gone, and every membership with it. */
  disconnect(): void {
    for (const member of this.#rooms.values()) member.phase = 'wanted';
  }

  /** A join was answered: what comes live begins behind `seq`. */
  joined(room: RoomKey, epoch: string, seq: number): void {
    const member = this.#rooms.get(room);
    if (member === undefined) return;
    member.phase = 'joined';
    member.epoch = epoch;
    member.seq = seq;
  }

  /** Where a live message or change stands, and takes note of it. The gateway never lets a `gap` happen. */
  place(room: RoomKey, epoch: string, seq: number): 'next' | 'known' | 'gap' {
    const member = this.#rooms.get(room);
    // What comes while a room is joined is in the answer, or after it.
    if (member?.phase !== 'joined') return 'next';
    if (member.epoch === epoch && seq <= member.seq) return 'known';
    const follows = member.epoch === epoch ? seq === member.seq + 1 : seq === 1 || member.epoch === '';
    member.epoch = epoch;
    member.seq = seq;
    return follows ? 'next' : 'gap';
  }
}
