/** What the gateway that tests play tells in dialogs: always the same, so that pictures are. */

import type { ClientFrame, ServerFrame, User } from '@parlor/client/protocol';

interface Stage {
  readonly me: User;
  readonly users: readonly User[];
}

const DAY_MS = 86_400_000;

function ago(days: number): string {
  return new Date(Date.now() - days * DAY_MS).toISOString();
}

/** The answer to a question of a dialog; `null` where it is `done`. */
export function scenery(frame: ClientFrame, { me, users }: Stage): ServerFrame | null {
  const [first = me, second = me, third = me, fourth = me] = users;
  switch (frame.type) {
    case 'roomInfo':
    case 'roomUpdate':
      return {
        type: 'roomInfo',
        roomInfo: {
          ...(frame.type === 'roomInfo' ? frame.roomInfo : frame.roomUpdate),
          access: 'public',
          write: 'everyone',
          slowSeconds: 10,
          topic: 'Colours, type and everything people look at',
          historyMessages: 0,
          historySeconds: 0,
          closed: false,
          ownerUUID: me.UUID,
          role: 'owner',
          members: 4,
          usersTotal: 4,
        },
      };
    case 'roomMembers':
      return {
        type: 'roomMembers',
        roomMembers: {
          ...frame.roomMembers,
          total: 4,
          received: 4,
          members: [
            { user: me, role: 'owner' },
            { user: first, role: 'moderator' },
            { user: third, role: 'member' },
            { user: fourth, role: 'member', mutedUntil: new Date(Date.now() + 1_800_000).toISOString() },
          ],
        },
      };
    case 'roomBans':
      return {
        type: 'roomBans',
        roomBans: {
          ...frame.roomBans,
          total: 1,
          received: 1,
          bans: [
            {
              user: second,
              until: new Date(Date.now() + DAY_MS).toISOString(),
              reason: 'Advertised bread all day',
              byUUID: first.UUID,
              at: ago(0),
            },
          ],
        },
      };
    case 'profile': {
      const user = [me, ...users].find(({ UUID }) => UUID === frame.profile.userUUID) ?? me;
      return { type: 'profile', profile: { user, createdAt: ago(200), role: 'member', online: user.OnLine ?? false } };
    }
    case 'profileUpdate': {
      const { displayName, color } = frame.profileUpdate;
      const user: User = {
        ...me,
        ...(displayName === undefined || displayName === '' ? {} : { DisplayName: displayName }),
        ...(color === undefined || color === '' ? {} : { Color: color }),
      };
      return { type: 'profile', profile: { user, createdAt: ago(200), role: 'member', online: true } };
    }
    case 'sessions':
      return {
        type: 'sessions',
        sessions: {
          sessions: [
            { sessionUUID: 's1', createdAt: ago(3), lastSeenAt: ago(0), current: true, online: true, client: 'Chromium on Linux' },
            { sessionUUID: 's2', createdAt: ago(12), lastSeenAt: ago(1), current: false, online: false, client: 'Firefox on Android' },
          ],
        },
      };
    case 'auditLog':
      return {
        type: 'auditLog',
        auditLog: {
          more: false,
          entries: [
            { id: '3', at: ago(0), byUUID: first.UUID, by: first.Username, action: 'roomBan', room: 'design', userUUID: second.UUID, user: second.Username, detail: 'Advertised bread all day' },
            { id: '2', at: ago(0.1), byUUID: me.UUID, by: me.Username, action: 'roomRole', room: 'design', userUUID: first.UUID, user: first.Username, detail: 'moderator' },
            { id: '1', at: ago(2), by: 'operator', action: 'userRole', userUUID: me.UUID, user: me.Username, detail: 'admin' },
          ],
        },
      };
    default:
      return null;
  }
}
