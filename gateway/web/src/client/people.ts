import type { User } from './protocol/index.ts';

/** Who is in a room. In a large one the server names not everybody, and `total` counts them. */
export interface RoomPeople {
  readonly users: readonly User[];
  readonly total: number;
}

/** Somebody came. */
export function came({ users, total }: RoomPeople, user: User, counted: number | undefined): RoomPeople {
  const others = users.filter(({ UUID }) => UUID !== user.UUID);
  const isNew = others.length === users.length;
  return { users: [...others, user], total: counted ?? total + (isNew ? 1 : 0) };
}

/** Somebody left; nobody is named in large rooms. */
export function left({ users, total }: RoomPeople, uuid: string | undefined, counted: number | undefined): RoomPeople {
  const others = users.filter(({ UUID }) => UUID !== uuid);
  return { users: others, total: counted ?? total - (users.length - others.length) };
}
