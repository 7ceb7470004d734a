import {
  count,
  flag,
  list,
  object,
  optional,
  SchemaError,
  text,
  type Infer,
  type Schema,
} from './schema.ts';

/** The `id` of a request: a string of at most 64 bytes, or a whole number. */
export type RequestId = string | number;

export const requestId: Schema<RequestId> = (value, path) => {
  if (typeof value === 'string' || Number.isSafeInteger(value)) return value as RequestId;
  throw new SchemaError(`${path} is not an id`);
};

/** How a block names its room: `recipientUUID` or `room`; with neither, General. */
export const roomFields = { recipientUUID: optional(text), room: optional(text) };
export const roomRef = object(roomFields);
export type RoomRef = Infer<typeof roomRef>;

/** A user as others see them. */
export const user = object({
  UUID: text,
  Username: text,
  /** Left out where nobody looked it up, as for the senders in history. */
  OnLine: optional(flag),
  Guest: optional(flag),
  /** What others read in place of `Username`, where the user chose something. */
  DisplayName: optional(text),
  Color: optional(text),
  /** The id of a photo. */
  Avatar: optional(text),
});
export type User = Infer<typeof user>;

/** The message that one answers, as it was then. */
export const quote = object({
  UUID: text,
  Seq: count,
  SenderUUID: text,
  /** The sender's name. */
  Sender: text,
  /** At most 200 characters of it. */
  Message: text,
});
export type Quote = Infer<typeof quote>;

export const photo = object({
  Id: text,
  /** In pixels. */
  Width: count,
  Height: count,
  /** Left out where links are asked for, as in private rooms. */
  Url: optional(text),
  ThumbnailUrl: optional(text),
});
export type Photo = Infer<typeof photo>;

/** The question is the message's text. */
export const poll = object({
  Options: list(text),
  Multiple: flag,
  Anonymous: flag,
  /** RFC 3339; left out where somebody closes it. */
  ClosesAt: optional(text),
});
export type Poll = Infer<typeof poll>;

export const reaction = object({
  Emoji: text,
  Count: count,
  /** The first of them. */
  Users: list(text),
});
export type Reaction = Infer<typeof reaction>;

export const results = object({
  /** Votes by option. */
  Counts: list(count),
  /** How many people voted. */
  Voters: count,
  Closed: flag,
  /** The first voters of each option; left out in an anonymous poll. */
  Who: optional(list(list(text))),
});
export type Results = Infer<typeof results>;

export const message = object({
  UUID: text,
  SenderUUID: text,
  Sender: user,
  /** `""` in General, the *other* user in a private room; left out in a named room. */
  RecipientUUID: optional(text),
  Recipient: optional(user),
  Room: optional(text),
  Message: text,
  /** What the sender's client named it. */
  ClientMessageId: optional(text),
  /** RFC 3339, UTC. */
  CreatedAt: text,
  /** Position in the room: 1, 2, 3 … within an epoch. */
  Seq: count,
  Epoch: text,
  EditedAt: optional(text),
  /** A deleted message keeps its place and nothing else. */
  Deleted: optional(flag),
  /** The UUID of who deleted it. */
  DeletedBy: optional(text),
  ReplyTo: optional(quote),
  /** UUIDs of the users that it names. */
  Mentions: optional(list(text)),
  Photo: optional(photo),
  Poll: optional(poll),
  Reactions: optional(list(reaction)),
  Results: optional(results),
});
export type Message = Infer<typeof message>;

/** The block of an `error`. */
export const errorBody = object({
  code: count,
  /** A stable name for the code. The demo's server leaves it out. */
  reason: optional(text),
  /** What happened and what to do, for people. */
  error: text,
  retryable: optional(flag),
  retryAfterMs: optional(count),
  /** RFC 3339: when a ban ends. */
  until: optional(text),
});
export type ErrorBody = Infer<typeof errorBody>;
