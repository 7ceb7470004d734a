/** Who is known, and what of them. */

import { keyOf, type Message, type Presence, type User } from '@parlor/client/protocol';
import type { AppState, Person } from './model.ts';
import { membersCounted } from './room.ts';
import { changeRoom } from './rooms.ts';

export function upsert(state: AppState, user: User): AppState {
  const known = state.people[user.UUID];
  const person: Person = {
    uuid: user.UUID,
    name: user.DisplayName ?? user.Username,
    username: user.Username,
    color: user.Color ?? null,
    avatar: user.Avatar ?? null,
    online: user.OnLine ?? known?.online ?? false,
    guest: user.Guest ?? known?.guest ?? false,
  };
  if (known !== undefined && isSame(known, person)) return state;
  return { ...state, people: { ...state.people, [person.uuid]: person } };
}

function isSame(a: Person, b: Person): boolean {
  return (Object.keys(a) as (keyof Person)[]).every((field) => a[field] === b[field]);
}

/** As `upsert`, by what may not tell how they want to be shown: what is known of that stays. */
export function recall(state: AppState, user: User): AppState {
  const known = state.people[user.UUID];
  const isPlain = user.DisplayName === undefined && user.Color === undefined && user.Avatar === undefined;
  if (known === undefined || !isPlain) return upsert(state, user);
  return upsert(state, {
    ...user,
    ...(known.name === known.username ? {} : { DisplayName: known.name }),
    ...(known.color === null ? {} : { Color: known.color }),
    ...(known.avatar === null ? {} : { Avatar: known.avatar }),
  });
}

/** Who speaks now is who they are now; whether they are online a message does not tell. */
export function hear(state: AppState, { Sender: { OnLine, ...sender } }: Message): AppState {
  return upsert(state, sender);
}

/** Who spoke is known by name. */
export function meetSenders(state: AppState, messages: readonly Message[]): AppState {
  let next = state;
  for (const { Sender: { OnLine, ...sender } } of messages) {
    // What is known of them is at least as fresh as what stood beside an old message.
    if (next.people[sender.UUID] === undefined) next = upsert(next, sender);
  }
  return next;
}

export function onPresence(state: AppState, presence: Presence): AppState {
  const { userUUID, username, onLine, usersTotal } = presence;
  const counted = changeRoom(state, keyOf(presence), (room) =>
    membersCounted(room, usersTotal, userUUID, onLine ?? false),
  );
  if (userUUID === undefined || userUUID === state.me?.userUUID || onLine === undefined) return counted;
  const known = state.people[userUUID];
  if (known !== undefined) {
    return known.online === onLine ? counted : { ...counted, people: { ...counted.people, [userUUID]: { ...known, online: onLine } } };
  }
  return username === undefined ? counted : upsert(counted, { UUID: userUUID, Username: username, OnLine: onLine });
}
