import { refOf, type AuditEntry, type RoomBan, type RoomDetails, type RoomKey, type RoomMember, type Settings } from '@parlor/client/protocol';
import type { Client, Result } from '@parlor/client';

const PAGE_ENTRIES = 100;

type Done = Promise<Result<unknown>>;

/** What owners, moderators and admins do. Whether they may, the server says. */
export class Moderation {
  readonly #client: Client;

  constructor(client: Client) {
    this.#client = client;
  }

  info(room: RoomKey): Promise<Result<RoomDetails>> {
    return this.#client.ask('roomInfo', refOf(room));
  }

  create(room: RoomKey, settings: Settings): Promise<Result<RoomDetails>> {
    return this.#client.ask('roomCreate', { ...refOf(room), ...settings });
  }

  update(room: RoomKey, settings: Settings): Promise<Result<RoomDetails>> {
    return this.#client.ask('roomUpdate', { ...refOf(room), ...settings });
  }

  /** Those who have a role or are muted there, the highest role first. */
  members(room: RoomKey, offset = 0): Promise<Result<{ members: RoomMember[]; total: number }>> {
    return this.#client.ask('roomMembers', { ...refOf(room), offset, limit: PAGE_ENTRIES });
  }

  async bans(room: RoomKey): Promise<Result<RoomBan[]>> {
    const result = await this.#client.ask('roomBans', { ...refOf(room), limit: PAGE_ENTRIES });
    return result.ok ? { ok: true, value: result.value.bans } : result;
  }

  invite(room: RoomKey, userUUID: string): Done {
    return this.#client.ask('roomInvite', { ...refOf(room), userUUID });
  }

  appoint(room: RoomKey, userUUID: string, role: string): Done {
    return this.#client.ask('roomRole', { ...refOf(room), userUUID, role });
  }

  kick(room: RoomKey, userUUID: string, reason: string): Done {
    return this.#client.ask('roomKick', { ...refOf(room), userUUID, ...reasonOf(reason) });
  }

  /** Without `seconds` for good. */
  ban(room: RoomKey, userUUID: string, seconds: number | null, reason: string): Done {
    return this.#client.ask('roomBan', { ...refOf(room), userUUID, ...spanOf(seconds), ...reasonOf(reason) });
  }

  unban(room: RoomKey, userUUID: string): Done {
    return this.#client.ask('roomUnban', { ...refOf(room), userUUID });
  }

  /** Without `seconds` for good. */
  mute(room: RoomKey, userUUID: string, seconds: number | null, reason: string): Done {
    return this.#client.ask('roomMute', { ...refOf(room), userUUID, ...spanOf(seconds), ...reasonOf(reason) });
  }

  unmute(room: RoomKey, userUUID: string): Done {
    return this.#client.ask('roomUnmute', { ...refOf(room), userUUID });
  }

  close(room: RoomKey): Done {
    return this.#client.ask('roomClose', refOf(room));
  }

  reopen(room: RoomKey): Done {
    return this.#client.ask('roomReopen', refOf(room));
  }

  siteRole(userUUID: string, role: string): Done {
    return this.#client.ask('userRole', { userUUID, role });
  }

  siteBan(userUUID: string, seconds: number | null, reason: string): Done {
    return this.#client.ask('userBan', { userUUID, ...spanOf(seconds), ...reasonOf(reason) });
  }

  siteUnban(userUUID: string): Done {
    return this.#client.ask('userUnban', { userUUID });
  }

  deleteUser(userUUID: string): Done {
    return this.#client.ask('userDelete', { userUUID });
  }

  /** The latest first; `before` is the id of an entry. */
  audit(before?: string): Promise<Result<{ entries: AuditEntry[]; more: boolean }>> {
    return this.#client.ask('auditLog', { limit: PAGE_ENTRIES, ...(before === undefined ? {} : { before }) });
  }
}

function reasonOf(reason: string): { reason?: string } {
  const trimmed = reason.trim();
  return trimmed === '' ? {} : { reason: trimmed };
}

function spanOf(seconds: number | null): { seconds?: number } {
  return seconds === null ? {} : { seconds };
}
