/** Every word that the page says, in one place. */

import type { ErrorBody, Status } from '../state/index.ts';

function plural(count: number, one: string, many: string): string {
  return `${count.toLocaleString()} ${count === 1 ? one : many}`;
}

function inSeconds(seconds: number): string {
  return seconds <= 0 ? 'now' : `in ${plural(seconds, 'second', 'seconds')}`;
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

export const text = {
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
    filterPeople: 'Find someone',
    nobody: 'Nobody else is here yet.',
    noMatch: 'Nobody by that name.',
    more: 'Show more people',
    signOut: 'Sign out',
    you: 'you',
    guest: 'guest',
    online: 'online',
    offline: 'offline',
    unread: (count: number): string => plural(count, 'unread message', 'unread messages'),
    theme: { system: 'Theme: as the system', light: 'Theme: light', dark: 'Theme: dark' },
  },

  room: {
    named: (name: string): string => name,
    people: (count: number): string => (count === 1 ? 'Only you are here' : `${count.toLocaleString()} people here`),
    joining: 'Opening the room…',
    private: { online: 'Online now', offline: 'Offline' },
    leave: 'Leave this room',
    closeChat: 'Close this chat',
    members: 'Who is here',
    membersMore: (count: number): string => `and ${count.toLocaleString()} more`,
    unknownPerson: 'Someone',
  },

  browser: {
    title: 'Rooms',
    search: 'Find a room, or name a new one',
    create: (name: string): string => `Create “${name}”`,
    occupancy: (count: number): string => (count === 0 ? 'Nobody here now' : plural(count, 'person', 'people')),
    joined: 'Joined',
    empty: 'There are no rooms yet. Name one above to create it.',
    emptyFixed: 'There are no rooms yet.',
    noMatch: 'No room by that name.',
    loading: 'Looking for rooms…',
    more: 'Show more rooms',
    refresh: 'Try again',
  },

  timeline: {
    label: (room: string): string => `Messages in ${room}`,
    older: 'Load earlier messages',
    loadingOlder: 'Loading earlier messages…',
    olderFailed: 'Earlier messages could not be loaded. Try again',
    beginning: (room: string): string => `This is where ${room} begins.`,
    beginningPrivate: (name: string): string => `This is where your chat with ${name} begins.`,
    empty: 'Nothing has been said yet. Say hello.',
    fresh: 'New',
    latest: 'Jump to latest',
    latestCount: (count: number): string => plural(count, 'new message', 'new messages'),
    today: 'Today',
    yesterday: 'Yesterday',
    sending: 'Sending…',
    queued: 'Waiting to be sent',
    sent: 'Sent',
    failed: (why: string): string => `Not sent: ${why}`,
    retry: 'Try again',
    discard: 'Discard',
    said: (name: string, words: string): string => `${name}: ${words}`,
  },

  composer: {
    label: (room: string): string => `Message ${room}`,
    send: 'Send',
    left: (count: number): string => (count >= 0 ? `${count.toLocaleString()} left` : `${(-count).toLocaleString()} too many`),
    hint: 'Enter to send, Shift + Enter for a new line',
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
    retry: 'Retry now',
    connect: 'Connect',
  },

  notice: { label: 'Notices', dismiss: 'Dismiss' },
  dialog: { close: 'Close' },
} as const;

/** What the banner says of the connection, and what can be done; `null` when all is well. */
export function connectionText(status: Status, secondsLeft: number): { words: string; action: string | null } | null {
  switch (status.name) {
    case 'ready':
    case 'open':
      return null;
    case 'idle':
      return { words: text.banner.idle, action: text.banner.connect };
    case 'connecting':
      return { words: text.banner.connecting, action: null };
    case 'authenticating':
      return { words: text.banner.signingIn, action: null };
    case 'waiting':
      return { words: text.banner[status.cause](secondsLeft), action: text.banner.retry };
    case 'draining':
      return { words: text.banner.restart(secondsLeft), action: text.banner.retry };
    case 'stopped':
      return { words: text.banner.stopped, action: text.banner.connect };
  }
}
