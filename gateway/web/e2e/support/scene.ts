/** The people of the tests, and a room of theirs. */

import { expect } from '@playwright/test';
import { namedRoom, type Message, type User } from '@parlor/client/protocol';
import { ScriptedGateway } from './scripted.ts';
import type { Stage } from './stage.ts';

export const DESIGN = namedRoom('design');

export const ann: User = { UUID: 'Ann Lindqvist 2', Username: 'Ann Lindqvist', OnLine: true };
export const ben: User = { UUID: 'Ben Okafor 1', Username: 'Ben Okafor', OnLine: true };
export const mei: User = { UUID: 'Mei Tanaka 1', Username: 'Mei Tanaka', OnLine: true };
export const luis: User = { UUID: 'Luis Ferreira 1', Username: 'Luis Ferreira', OnLine: false };

export interface Scene extends ScriptedGateway {
  said: Record<'drafts' | 'photo' | 'poll' | 'own' | 'gone' | 'mention', Message>;
}

/** A room in which everything that a message can be has been said. */
export function scene(): Scene {
  const gateway = new ScriptedGateway();
  gateway.users = [ann, ben, mei, luis];
  gateway.occupancy.set('design', 4);
  gateway.role = 'admin';
  gateway.about.set(DESIGN, {
    role: 'owner',
    topic: 'Colours, type and everything people look at',
    canWrite: true,
    settings: { access: 'public', write: 'everyone', slowSeconds: 0, topic: 'Colours, type and everything people look at' },
  });
  const at = (time: string): Date => new Date(`2026-11-21T${time}:00+01:00`);
  const speak = (who: User, text: string, time: string, more: Partial<Message> = {}): Message =>
    gateway.speak(DESIGN, who, text, at(time), undefined, more);
  const drafts = speak(ann, 'New drafts are up, with the warm grey. Is the unread count quiet enough now?', '09:41', {
    EditedAt: at('09:44').toISOString(),
    Reactions: [
      { Emoji: '👍', Count: 3, Users: [ben.UUID, mei.UUID, gateway.me.UUID] },
      { Emoji: '🎉', Count: 1, Users: [mei.UUID] },
    ],
  });
  gateway.marks.set(drafts.UUID, { reactions: ['👍'], vote: [] });
  const photo = speak(mei, 'The light this morning was exactly that grey.', '09:58', {
    Photo: { Id: 'morning', Width: 1600, Height: 1000, Url: '/photos/morning/full', ThumbnailUrl: '/photos/morning/thumbnail' },
    Reactions: [{ Emoji: '❤️', Count: 2, Users: [ann.UUID, ben.UUID] }],
  });
  const gone = speak(ben, '', '10:03', { Deleted: true, DeletedBy: gateway.me.UUID });
  const own = speak(gateway.me, 'Quiet enough for me. I’d keep it.', '10:10', {
    ReplyTo: { UUID: drafts.UUID, Seq: drafts.Seq, SenderUUID: ann.UUID, Sender: ann.Username, Message: drafts.Message },
  });
  const mention = speak(ann, '@Robin Vale can you ship it before four? See https://parlor.example/drafts', '14:12', {
    Mentions: [gateway.me.UUID],
  });
  const poll = speak(ben, 'Where do we celebrate?', '14:20', {
    Poll: { Options: ['The corner table', 'Under the big tree', 'At home, with bread'], Multiple: false, Anonymous: false },
    Results: {
      Counts: [3, 1, 0],
      Voters: 4,
      Closed: false,
      Who: [[ann.UUID, mei.UUID, gateway.me.UUID], [luis.UUID], []],
    },
  });
  gateway.marks.set(poll.UUID, { reactions: [], vote: [0] });
  return Object.assign(gateway, { said: { drafts, photo, poll, own, gone, mention } });
}

export async function openDesign({ page, chat }: Stage, isPhone = false): Promise<void> {
  if (isPhone) await page.getByTestId('menu').click();
  await page.getByTestId('browse-rooms').click();
  await page.locator('[data-testid="directory-row"][data-name="design"]').click();
  await expect(page.getByTestId('room-title')).toHaveText('design');
  await expect(chat.messages('Where do we celebrate?')).toBeVisible();
}
