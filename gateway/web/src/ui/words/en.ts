/** Every word of the page in English. The shape of it is what another language has to fill. */

import type { ErrorBody } from '../../state/index.ts';
import { grammarOf, type ErrorWords } from './grammar.ts';

const { number, plural, list } = grammarOf('en');

/** A span of time in its largest whole unit. */
function span(seconds: number): string {
  if (seconds >= 86_400 && seconds % 86_400 === 0) return plural(seconds / 86_400, { one: 'day', other: 'days' });
  if (seconds >= 3_600 && seconds % 3_600 === 0) return plural(seconds / 3_600, { one: 'hour', other: 'hours' });
  if (seconds >= 60 && seconds % 60 === 0) return plural(seconds / 60, { one: 'minute', other: 'minutes' });
  return plural(seconds, { one: 'second', other: 'seconds' });
}

/** How long until something, counted down. */
function until(seconds: number): string {
  if (seconds <= 0) return 'now';
  const minutes = Math.floor(seconds / 60);
  if (minutes === 0) return `in ${plural(seconds, { one: 'second', other: 'seconds' })}`;
  if (minutes < 60) return `in ${minutes}:${String(seconds % 60).padStart(2, '0')} minutes`;
  return `in ${plural(Math.ceil(minutes / 60), { one: 'hour', other: 'hours' })}`;
}

function inSeconds(seconds: number): string {
  return seconds <= 0 ? 'now' : `in ${plural(seconds, { one: 'second', other: 'seconds' })}`;
}

function endedText(why: 'expired' | 'elsewhere' | 'passwordChanged' | 'sessionEnded' | 'banned', error: ErrorBody | null): string {
  switch (why) {
    case 'expired':
      return 'Your session has ended. Please sign in again.';
    case 'elsewhere':
      return 'You signed out in another tab.';
    case 'passwordChanged':
      return 'Your password was changed on another device. Sign in with the new one.';
    case 'sessionEnded':
      return 'This session was ended from another device.';
    case 'banned':
      return error?.error ?? 'You are banned from this server.';
  }
}

export const en = {
  /** The server's own words are English. */
  errors: {} as ErrorWords,

  product: 'Parlor',
  tagline: 'Rooms to talk in, on your own server.',
  general: 'General',

  signIn: {
    label: 'How to come in',
    password: 'Sign in',
    signUp: 'Sign up',
    guest: 'Guest',
    username: 'Username',
    nickname: 'Nickname',
    passwordField: 'Password',
    show: 'Show password',
    hide: 'Hide password',
    busy: 'One moment…',
    submit: { password: 'Sign in', signUp: 'Create account', guest: 'Join as a guest' },
    hint: {
      password: 'New here? A name that nobody has yet becomes your account.',
      signUp: 'The name is how others see you.',
      guest: 'No password. The name is yours until you sign out.',
    },
    ended: endedText,
    unreachable: 'The server can’t be reached yet. Still trying.',
    needName: 'Please enter a name.',
    needPassword: 'Please enter a password.',
  },

  nav: {
    label: 'Rooms and people',
    open: 'Open the list of rooms',
    close: 'Close the list of rooms',
    rooms: 'Rooms',
    direct: 'Direct messages',
    people: 'People',
    browse: 'Browse and create rooms',
    filter: 'Find a room or someone',
    draft: 'draft',
    last: (name: string, words: string): string => `${name}: ${words}`,
    nobody: 'Nobody else is here yet.',
    noMatch: 'Nobody by that name.',
    noRoomMatch: 'No room by that name.',
    more: 'Show more people',
    profile: 'Your profile and sessions',
    signOut: 'Sign out',
    you: 'you',
    guest: 'guest',
    online: 'online',
    offline: 'offline',
    unread: (count: number): string => plural(count, { one: 'unread message', other: 'unread messages' }),
    mentions: (count: number): string => `${plural(count, { one: 'mention', other: 'mentions' })} of you`,
    theme: { system: 'Theme: as the system', light: 'Theme: light', dark: 'Theme: dark' },
  },

  room: {
    named: (name: string): string => name,
    people: (count: number): string => (count === 1 ? 'Only you are here' : `${number(count)} people here`),
    joining: 'Opening the room…',
    out: 'You are not in this room',
    private: { online: 'Online now', offline: 'Offline' },
    about: 'About this room',
    profile: 'Profile',
    leave: 'Leave this room',
    closeChat: 'Close this chat',
    members: 'Who is here',
    membersMore: (count: number): string => `and ${number(count)} more`,
    unknownPerson: 'Someone',
  },

  switcher: {
    title: 'Go to',
    open: 'Go to a room or a person',
    keys: 'Ctrl K',
    label: 'Name of a room or a person',
    list: 'Rooms and people',
    join: 'join',
    none: 'Nothing by that name.',
  },

  timeline: {
    label: (room: string): string => `Messages in ${room}`,
    older: 'Load earlier messages',
    loadingOlder: 'Loading earlier messages…',
    newer: 'Load later messages',
    loadingNewer: 'Loading later messages…',
    newerFailed: 'Later messages could not be loaded. Try again',
    toUnread: 'Jump to the first unread',
    olderFailed: 'Earlier messages could not be loaded. Try again',
    beginning: (room: string): string => `This is where ${room} begins.`,
    beginningPrivate: (name: string): string => `This is where your chat with ${name} begins.`,
    empty: 'Nothing has been said yet. Say hello.',
    fresh: 'New',
    latest: 'Jump to latest',
    latestCount: (count: number): string => plural(count, { one: 'new message', other: 'new messages' }),
    today: 'Today',
    yesterday: 'Yesterday',
    sending: 'Sending…',
    queued: 'Waiting to be sent',
    sent: 'Sent',
    failed: (why: string): string => `Not sent: ${why}`,
    retry: 'Try again',
    discard: 'Discard',
    said: (name: string, words: string): string => `${name}: ${words}`,
    photo: 'Photo',
    edited: 'edited',
    editedAt: (when: string): string => `Edited ${when}`,
    deleted: 'This message was deleted.',
    deletedBy: (name: string): string => `This message was deleted by ${name}.`,
    inAnswer: 'In answer to',
    jumpFailed: 'That message is not in the history any more.',
    quoteGone: 'The message is gone.',
    tools: 'What to do with this message',
    reply: 'Reply',
    react: 'React',
    reactWith: (emoji: string): string => `React with ${emoji}`,
    edit: 'Edit',
    delete: 'Delete',
    report: 'Report',
    reactions: 'Reactions',
    reacted: (emoji: string, count: number, isOwn: boolean): string =>
      `${emoji}, ${plural(count, { one: 'reaction', other: 'reactions' })}${isOwn ? ', yours too' : ''}`,
    reactedBy: (names: readonly string[], others: number): string => {
      const all = others > 0 ? [...names, plural(others, { one: 'other', other: 'others' })] : names;
      return list(all);
    },
    someone: 'Someone',
    you: 'You',
  },

  typing: {
    one: (name: string): string => `${name} is typing…`,
    two: (a: string, b: string): string => `${a} and ${b} are typing…`,
    several: 'Several people are typing…',
  },

  poll: {
    open: 'Make a poll',
    title: 'New poll',
    question: 'Question',
    questionHint: 'What do you want to know?',
    option: (number: number): string => `Option ${number}`,
    addOption: 'Add an option',
    removeOption: (number: number): string => `Remove option ${number}`,
    multiple: 'Several choices allowed',
    anonymous: 'Anonymous: nobody sees who chose what',
    closes: 'Closes',
    closesIn: { never: 'When somebody closes it', 3600: 'In an hour', 86400: 'In a day', 259200: 'In three days', 604800: 'In a week' },
    create: 'Send the poll',
    needQuestion: 'Please ask something.',
    needOptions: 'A poll needs two different options.',
    label: (question: string): string => `Poll: ${question}`,
    kind: (isMultiple: boolean, isAnonymous: boolean): string =>
      [isMultiple ? 'Choose one or more' : 'Choose one', ...(isAnonymous ? ['anonymous'] : [])].join(' · '),
    votes: (count: number): string => (count === 0 ? 'Nobody has voted yet' : plural(count, { one: 'person voted', other: 'people voted' })),
    share: (count: number, percent: number): string => `${plural(count, { one: 'vote', other: 'votes' })}, ${percent} percent`,
    closesAt: (when: string): string => `closes ${when}`,
    closed: 'Closed',
    withdraw: 'Withdraw my vote',
    close: 'Close the poll',
    winner: 'most votes',
  },

  photo: {
    add: 'Add photos',
    label: (name: string): string => `Photo of ${name}`,
    open: (name: string): string => `Open the photo of ${name}`,
    failed: 'The photo could not be loaded.',
    retry: 'Try again',
    uploading: (percent: number): string => `Uploading, ${percent} %`,
    ready: 'Ready to send',
    remove: (name: string): string => `Remove ${name}`,
    again: (name: string): string => `Upload ${name} again`,
    staged: 'Photos to send',
    drop: 'Drop photos here',
    notAPhoto: 'Only photos can be added here.',
    tooLarge: (megabytes: number): string => `A photo may have at most ${number(megabytes)} MB.`,
    tooMany: (most: number): string => `At most ${most} photos at once.`,
    viewer: 'Photo',
    previous: 'Previous photo',
    next: 'Next photo',
    original: 'Open in a new tab',
    position: (index: number, total: number): string => `${index} of ${total}`,
  },

  silence: {
    kicked: 'You were removed from this room.',
    banned: 'You are banned from this room.',
    bannedUntil: (when: string): string => `You are banned from this room until ${when}.`,
    closed: 'This room is closed. Nobody can write here any more.',
    closedGone: 'This room was closed.',
    invitedOnly: 'This room is for invited people only. Ask somebody in it to invite you.',
    refused: 'You can’t enter this room.',
    readOnly: 'Only some people can write in this room. You can read along.',
    mutedForGood: 'You are muted in this room.',
    muted: (left: string): string => `You are muted. You can write again ${left}.`,
    reason: (reason: string): string => `Reason: ${reason}`,
    rejoin: 'Join again',
    retry: 'Try again',
    remove: 'Take it off the list',
    slow: (seconds: number): string => `Slow mode: your next message goes out ${inSeconds(seconds)}.`,
  },

  roles: {
    owner: 'Owner',
    moderator: 'Moderator',
    member: 'Member',
    admin: 'Admin',
    guest: 'Guest',
  } as Record<string, string>,

  people: {
    title: 'Find someone',
    open: 'Find someone to write to',
    label: 'Beginning of a name',
    hint: 'Type the beginning of a name.',
    searching: 'Looking…',
    none: 'Nobody by that name.',
  },

  alerts: {
    legend: 'While this page is in the background, tell me of',
    levels: { off: 'Nothing', direct: 'Private messages, and messages that name me', all: 'Every message' },
    hint: 'For this browser only. It may ask whether you want this.',
    blocked: 'Your browser blocks notifications of this page. Allow them in its settings for this site, then choose here.',
    unsupported: 'This browser can’t show notifications of a page. The number in the tab’s title still counts what is new.',
    title: (name: string, room: string | null): string => (room === null ? name : `${name} in ${room}`),
    photo: 'Sent a photo',
    unseen: { private: 'Wrote to you', mention: 'Mentioned you', message: 'Said something' },
  },

  composer: {
    label: (room: string): string => `Message ${room}`,
    send: 'Send',
    left: (count: number): string => (count >= 0 ? `${number(count)} left` : `${number(-count)} too many`),
    hint: 'Enter to send, Shift + Enter for a new line',
    emoji: 'Add an emoji',
    more: 'Add something',
    uploading: 'Wait for the photos to be uploaded',
    replyingTo: (name: string): string => `Replying to ${name}`,
    editing: 'Editing your message',
    cancel: 'Cancel',
    save: 'Save the change',
    mentions: 'People to mention',
    mentionsCount: (count: number): string => plural(count, { one: 'person fits', other: 'people fit' }),
    limited: (seconds: number): string => `You’re quick! The next message goes out ${inSeconds(seconds)}.`,
    held: (seconds: number): string => `The server can’t take messages right now. Trying again ${inSeconds(seconds)}.`,
  },

  banner: {
    connecting: 'Connecting…',
    signingIn: 'Connected. Catching up…',
    lost: (seconds: number): string => `Connection lost. Reconnecting ${inSeconds(seconds)}.`,
    offline: (seconds: number): string => `You’re offline. What you write is kept and sent later. Trying again ${inSeconds(seconds)}.`,
    full: (seconds: number): string => `The server is full right now. Trying again ${inSeconds(seconds)}.`,
    restart: (seconds: number): string => `The server is restarting. Reconnecting ${inSeconds(seconds)}.`,
    flood: (seconds: number): string => `Too much at once. Reconnecting ${inSeconds(seconds)}.`,
    stopped: 'The server refused what this page sent, so it stopped. Reload the page, or try again.',
    idle: 'Not connected.',
    paused: 'Sending is paused: the server can’t store messages right now. What you write is kept and sent as soon as it can.',
    queued: (count: number): string => `${plural(count, { one: 'message waits', other: 'messages wait' })} to be sent.`,
    retry: 'Retry now',
    connect: 'Connect',
  },

  mishap: {
    page: 'Something on this page went wrong.',
    kept: 'What you wrote is kept. Reload the page to go on.',
    dialogOffline: 'This can’t be loaded while there is no connection. Reload the page when it is back. What you wrote is kept.',
    dialog: 'This could not be loaded. The server may have a newer version of the page: reload it. What you wrote is kept.',
    reload: 'Reload the page',
  },

  notice: {
    label: 'Notices',
    dismiss: 'Dismiss',
    open: 'Open',
    mention: (name: string, room: string): string => `${name} mentioned you in ${room}.`,
  },
  dialog: { close: 'Close' },

  span,
  until,

  dialogs: {
    browser: {
      title: 'Rooms',
      search: 'Find a room, or name a new one',
      create: (name: string): string => `Create “${name}”`,
      occupancy: (count: number): string => (count === 0 ? 'Nobody here now' : plural(count, { one: 'person', other: 'people' })),
      joined: 'Joined',
      empty: 'There are no rooms yet. Name one above to create it.',
      emptyFixed: 'There are no rooms yet.',
      noMatch: 'No room by that name.',
      loading: 'Looking for rooms…',
      more: 'Show more rooms',
      refresh: 'Try again',
    },

    confirm: {
      cancel: 'Cancel',
      delete: {
        title: 'Delete this message?',
        own: 'It disappears for everybody, and cannot be brought back.',
        other: (name: string): string => `The message of ${name} disappears for everybody. This is noted in the audit log.`,
        action: 'Delete',
      },
      closePoll: { title: 'Close this poll?', words: 'Nobody can vote any more. The result stays.', action: 'Close the poll' },
      report: {
        title: 'Report this message',
        label: 'What is wrong with it?',
        action: 'Report',
        done: 'Thank you. The moderators will see it.',
      },
    },

    emoji: {
      title: 'Choose an emoji',
      label: 'Type or paste an emoji',
      add: 'Add',
      bad: 'One emoji, please.',
      groups: { smileys: 'Faces', hands: 'Hands', things: 'Things', signs: 'Signs' },
    },

    details: {
      about: 'About',
      people: 'People',
      settings: 'Settings',
      bans: 'Bans',
      topic: 'Topic',
      noTopic: 'No topic yet.',
      access: 'Who can come in',
      accessOf: {
        public: 'Everybody; it is in the list of rooms',
        unlisted: 'Everybody who knows its name',
        invite: 'Invited people only',
      } as Record<string, string>,
      write: 'Who can write',
      writeOf: { everyone: 'Everybody', members: 'Members and moderators', moderators: 'Moderators only' } as Record<string, string>,
      slow: 'Slow mode',
      slowOff: 'Off',
      slowOf: (seconds: number): string => `One message every ${span(seconds)}`,
      history: 'Messages kept',
      historyHint: 'Empty or 0: as many as the server keeps.',
      age: 'Days kept',
      owner: 'Owner',
      yourRole: 'Your role',
      membersCount: (count: number): string => plural(count, { one: 'member', other: 'members' }),
      save: 'Save',
      saved: 'Saved.',
      closed: 'This room is closed.',
      close: 'Close this room',
      closeWords: 'Everybody is put out of it, and nobody can come in until it is opened again.',
      reopen: 'Open it again',
      loading: 'Loading…',
      refresh: 'Try again',
      nobody: 'Nobody yet.',
      noBans: 'Nobody is banned.',
      more: 'Show more',
      invite: 'Invite someone',
      invited: (name: string): string => `${name} is invited.`,
      actionsOf: (name: string): string => `What to do with ${name}`,
      write1: 'Write privately',
      profile: 'Profile',
      makeModerator: 'Make moderator',
      makeMember: 'Make member',
      takeRole: 'Take the role away',
      mute: 'Mute',
      unmute: 'Unmute',
      kick: 'Remove',
      ban: 'Ban',
      unban: 'Lift the ban',
      mutedForGood: 'muted',
      mutedUntil: (when: string): string => `muted until ${when}`,
      bannedUntil: (when: string | null): string => (when === null ? 'for good' : `until ${when}`),
      bannedBy: (name: string): string => `by ${name}`,
      muteTitle: (name: string): string => `Mute ${name}`,
      kickTitle: (name: string): string => `Remove ${name} from this room?`,
      banTitle: (name: string): string => `Ban ${name}`,
      forHowLong: 'For how long',
      reason: 'Reason, which they will read',
      spans: { 300: '5 minutes', 3600: 'An hour', 86400: 'A day', 604800: 'A week', forever: 'For good' } as Record<string, string>,
      done: 'Done.',
    },

    create: {
      title: 'New room',
      open: 'Create a room with settings',
      name: 'Name',
      topicHint: 'What is it about? (optional)',
      submit: 'Create the room',
      needName: 'Please give it a name.',
    },

    profile: {
      mine: 'Your profile',
      tabs: { look: 'Profile', alerts: 'Notifications', password: 'Password', sessions: 'Sessions' },
      displayName: 'Display name',
      displayNameHint: (username: string): string => `Left empty, others see ${username}.`,
      color: 'Colour',
      language: 'Language',
      colors: ['Red', 'Orange', 'Yellow', 'Lime', 'Green', 'Teal', 'Blue', 'Indigo', 'Violet', 'Pink'],
      noColor: 'As given by the server',
      save: 'Save',
      saved: 'Saved.',
      oldPassword: 'Password now',
      newPassword: 'New password',
      change: 'Change password',
      changed: 'Changed. Your other sessions were signed out.',
      changeHint: 'Your other sessions are signed out.',
      guestPassword: 'Guests have no password. Sign up to keep your name.',
      sessionsHint: 'Where you are signed in. End what you don’t recognise.',
      thisSession: 'This one',
      sessionOnline: 'connected now',
      lastSeen: (when: string): string => `last seen ${when}`,
      since: (when: string): string => `signed in ${when}`,
      end: 'End',
      endLabel: (client: string): string => `End the session ${client}`,
      unknownClient: 'Unknown client',
      delete: 'Delete my account',
      deleteWords: 'Your name becomes free, and you are signed out everywhere. Your messages stay. This cannot be undone.',
      deletePassword: 'Your password, to be sure',
      memberSince: (when: string): string => `Here since ${when}`,
      site: 'On this server',
      siteRole: 'Role',
      siteBan: 'Ban from the server',
      siteUnban: 'Lift the server ban',
      siteDelete: 'Delete the account',
      siteDeleteTitle: (name: string): string => `Delete the account of ${name}?`,
      siteDeleteWords: 'The name becomes free, and they are signed out everywhere. Their messages stay. This cannot be undone.',
      audit: 'Audit log',
    },

    audit: {
      title: 'Audit log',
      empty: 'Nothing has been noted yet.',
      by: (name: string): string => `by ${name}`,
      older: 'Show earlier entries',
      system: 'the command line',
      actions: {
        roomCreate: 'Room created',
        roomUpdate: 'Settings changed',
        roomInvite: 'Invited',
        roomRole: 'Role changed',
        roomKick: 'Removed from a room',
        roomBan: 'Banned from a room',
        roomUnban: 'Room ban lifted',
        roomMute: 'Muted',
        roomUnmute: 'Unmuted',
        roomClose: 'Room closed',
        roomReopen: 'Room opened again',
        userRole: 'Server role changed',
        userBan: 'Banned from the server',
        userUnban: 'Server ban lifted',
        userDelete: 'Account deleted',
        messageDelete: 'Message deleted',
        messageReport: 'Message reported',
        passwordReset: 'Password reset',
      } as Record<string, string>,
    },
  },
};

export type Words = typeof en;
