/** What changes messages that stand: edits, deletions, reactions and polls. */

import { count, flag, list, map, object, optional, text, type Infer } from './schema.ts';
import { message, reaction, results, roomFields } from './values.ts';

/** A message is named by both; the `seq` finds it, the `uuid` proves that it is the one. */
const target = { ...roomFields, uuid: text, seq: count };

/** In a `channelMessage`: what it is beside its text. */
export const messageExtras = {
  replyTo: optional(object({ uuid: text, seq: count })),
  poll: optional(
    object({
      options: list(text),
      multiple: optional(flag),
      anonymous: optional(flag),
      closesInSeconds: optional(count),
    }),
  ),
  /** The id of an uploaded photo. */
  photo: optional(text),
};
export type MessageExtras = Infer<ReturnType<typeof object<typeof messageExtras>>>;

export const changeRequests = {
  messageEdit: object({ ...target, message: text, clientMessageId: optional(text) }),
  messageDelete: object(target),
  messageReact: object({ ...target, emoji: text, on: flag }),
  /** No options withdraw the vote. */
  pollVote: object({ ...target, options: list(count) }),
  pollClose: object(target),
} as const;

/** What we ourselves did to a message. */
const mark = object({ reactions: list(text), vote: list(count) });
export type Mark = Infer<typeof mark>;
/** By the UUID of the message. */
export const marks = map(mark);

const messageMark = object({ ...target, reactions: list(text), vote: list(count) });
export type MessageMark = Infer<typeof messageMark>;

export const messageChange = object({
  ...roomFields,
  /** `edit`, `delete`, `tally`; of another only the place counts. */
  change: text,
  uuid: text,
  targetSeq: count,
  byUUID: optional(text),
  /** The place of the change itself in the room's one order. */
  Seq: count,
  Epoch: text,
  CreatedAt: text,
  /** The whole message as it is now. */
  message: optional(message),
  reactions: optional(list(reaction)),
  results: optional(results),
});
export type MessageChange = Infer<typeof messageChange>;

export const changeFrames = { messageChange, messageMark } as const;
