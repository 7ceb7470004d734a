/** States that tests of the page's data begin with. */

import type { ClientEvent } from '@parlor/client';
import { GENERAL, type Message, type RoomKey, type ServerFrame } from '@parlor/client/protocol';
import { joinFrame, ME, messagesIn } from '../../client/net/testing/frames.ts';
import type { AppEvent } from '../events.ts';
import type { AppState, Room } from '../model.ts';
import { INITIAL_STATE, reduce } from '../reducer.ts';

/** How much of a room comes with a join. */
const JOINED_MESSAGES = 50;

export const signedIn: Extract<AppEvent, { type: 'signedIn' }> = {
  type: 'signedIn',
  session: { userUUID: ME, accessKey: 'key', username: 'Me', guest: false },
  fresh: true,
};

export const frame = (it: ServerFrame): ClientEvent => ({ type: 'frame', frame: it });

export function after(...events: AppEvent[]): AppState {
  return events.reduce(reduce, INITIAL_STATE);
}

/** In General, which is shown. `said` is what came with the join; as a number, the last of so many messages. */
export function inGeneral(said: number | Message[], ...events: AppEvent[]): AppState {
  const messages = typeof said === 'number' ? messagesIn(GENERAL, Math.max(1, said - JOINED_MESSAGES + 1), said) : said;
  return after(
    signedIn,
    { type: 'joining', room: GENERAL },
    { type: 'activated', room: GENERAL },
    frame(joinFrame(GENERAL, messages)),
    ...events,
  );
}

/** A room that is open. */
export function roomOf(state: AppState, key: RoomKey): Room {
  const room = state.rooms[key];
  if (room === undefined) throw new Error(`${key} is not open`);
  return room;
}

export const general = (state: AppState): Room => roomOf(state, GENERAL);
