/** What people do with messages, polls, photos, rooms and each other, through two real gateways. */

import { expect, test } from '@playwright/test';
import { ANN, BEN, company } from './support/company.ts';
import type { ChatPage } from './support/page.ts';
import { pngOf } from './support/png.ts';
import type { System } from './support/system.ts';

const CLEO = 'Cleo Marsh';
const PASSWORD = 'correct horse battery';

let system: System;
let ann: ChatPage;
let ben: ChatPage;

const open = company(
  (begun) => {
    ({ system, ann, ben } = begun);
  },
  // A refused upload is told by the browser itself, whatever the page does.
  { settings: { MESSAGE_RATE: 'off' }, isExpected: (told) => /responded with a status of 4\d\d/u.test(told) },
);

test.beforeAll(async () => {
  await ann.signUp(ANN);
  await ben.signUp(BEN);
});

test.describe('messages', () => {
  test('are edited, and the other sees it', async () => {
    await ann.say('A mesage with a mistake');
    await ben.sees('A mesage with a mistake', ANN);
    await ann.page.getByTestId('message-input').press('ArrowUp');
    await expect(ann.page.getByTestId('message-input')).toHaveValue('A mesage with a mistake');
    await ann.page.getByTestId('message-input').fill('A message without a mistake');
    await ann.page.getByTestId('message-input').press('Enter');
    for (const chat of [ann, ben]) {
      await chat.sees('A message without a mistake', ANN);
      await expect(chat.messages('A message without a mistake').getByTestId('edited')).toBeVisible();
    }
  });

  test('are answered with a quote', async () => {
    await ben.messages('A message without a mistake').hover();
    await ben.page.getByTestId('tool-reply').click();
    await ben.say('Well done');
    await expect(ann.messages('Well done').getByTestId('quote')).toContainText('A message without a mistake');
    await ann.messages('Well done').getByTestId('quote').click();
    await expect(ann.messages('A message without a mistake')).toBeFocused();
  });

  test('get reactions that both see, and lose them', async () => {
    await ann.messages('Well done').hover();
    await ann.page.getByTestId('tools').getByRole('button', { name: 'React with 👍' }).click();
    const seen = ben.messages('Well done').locator('[data-emoji="👍"]');
    await expect(seen).toHaveAttribute('aria-pressed', 'false');
    await expect(seen).toContainText('1');
    await seen.click();
    await expect(seen).toHaveAttribute('aria-pressed', 'true');
    await expect(ann.messages('Well done').locator('[data-emoji="👍"]')).toContainText('2');
    await ben.page.reload();
    await ben.ready();
    await expect(seen).toHaveAttribute('aria-pressed', 'true');
    await seen.click();
    await ann.messages('Well done').locator('[data-emoji="👍"]').click();
    await expect(seen).toHaveCount(0);
  });

  test('are deleted for both, and stay deleted', async () => {
    await ann.say('Said too soon');
    await ben.sees('Said too soon', ANN);
    await ann.messages('Said too soon').hover();
    await ann.page.getByTestId('tool-delete').click();
    await ann.page.getByTestId('confirm').click();
    for (const chat of [ann, ben]) {
      await expect(chat.messages('Said too soon')).toHaveCount(0);
      await expect(chat.page.getByTestId('deleted')).toHaveCount(1);
    }
    await ben.page.reload();
    await ben.ready();
    await expect(ben.page.getByTestId('deleted')).toHaveCount(1);
  });

  test('changed while a gateway was dead are right when it is back', async () => {
    await ann.say('Before the break');
    await ben.sees('Before the break', ANN);
    await system.gateways[1].kill();
    await ann.page.getByTestId('message-input').press('ArrowUp');
    await ann.page.getByTestId('message-input').fill('During the break');
    await ann.page.getByTestId('message-input').press('Enter');
    await expect(ann.messages('During the break').getByTestId('edited')).toBeVisible();
    await system.gateways[1].start();
    await ben.ready();
    await ben.sees('During the break', ANN);
    await expect(ben.messages('Before the break')).toHaveCount(0);
    await ben.say('All there');
    await ann.sees('All there', BEN);
  });
});

test('polls are made, voted in by both, changed and closed', async () => {
  await ann.page.getByTestId('new-poll').click();
  await ann.page.getByTestId('poll-question').fill('Tea or coffee?');
  await ann.page.getByTestId('poll-option-field').nth(0).fill('Tea');
  await ann.page.getByTestId('poll-option-field').nth(1).fill('Coffee');
  await ann.page.getByTestId('send-poll').click();
  const option = (chat: ChatPage, index: number) => chat.page.locator(`[data-testid="poll-option"][data-index="${index}"]`);
  const count = (chat: ChatPage, index: number) => option(chat, index).getByTestId('poll-count');
  await option(ben, 1).click();
  await expect(option(ben, 1)).toBeChecked();
  for (const chat of [ann, ben]) await expect(count(chat, 1)).toHaveText('1');
  await option(ann, 1).click();
  await option(ben, 0).click();
  for (const chat of [ann, ben]) {
    await expect(count(chat, 0)).toHaveText('1');
    await expect(count(chat, 1)).toHaveText('1');
    await expect(chat.page.getByTestId('poll-votes')).toContainText('2 people voted');
  }
  await ben.page.getByTestId('poll-withdraw').click();
  for (const chat of [ann, ben]) await expect(count(chat, 0)).toHaveText('0');
  await expect(ben.page.getByTestId('poll-close')).toHaveCount(0);
  await ann.page.getByTestId('poll-close').click();
  await ann.page.getByTestId('confirm').click();
  for (const chat of [ann, ben]) {
    await expect(chat.page.getByTestId('poll')).toHaveAttribute('data-closed', 'true');
    await expect(option(chat, 0)).toBeDisabled();
  }
  await ben.page.reload();
  await ben.ready();
  await expect(ben.page.getByTestId('poll')).toHaveAttribute('data-closed', 'true');
  await expect(count(ben, 1)).toHaveText('1');
});

test.describe('photos', () => {
  const photo = { name: 'sunset.png', mimeType: 'image/png', buffer: pngOf(640, 400) };

  test('are chosen, shown before they are sent, and seen by the other', async () => {
    await ann.page.getByTestId('photo-input').setInputFiles(photo);
    await expect(ann.page.getByTestId('attachment')).toHaveAttribute('data-state', 'ready');
    await ann.say('The sky tonight');
    await expect(ann.page.getByTestId('attachment')).toHaveCount(0);
    const shown = ben.messages('The sky tonight').getByTestId('photo').locator('img');
    await expect.poll(() => shown.evaluate((image: HTMLImageElement) => image.complete && image.naturalWidth > 0)).toBe(true);
    await expect(shown).toHaveAttribute('width', '360');
    await expect(shown).toHaveAttribute('height', '225');
    await ben.messages('The sky tonight').getByTestId('photo').click();
    const large = ben.page.getByTestId('lightbox-picture');
    await expect.poll(() => large.evaluate((image: HTMLImageElement) => image.naturalWidth)).toBe(640);
    await ben.page.keyboard.press('Escape');
    await expect(ben.page.getByTestId('lightbox')).toHaveCount(0);
  });

  test('are dropped into a private room, for the two alone', async () => {
    await ann.openPerson(BEN);
    await ann.page.getByTestId('composer').evaluate((composer, bytes) => {
      const transfer = new DataTransfer();
      transfer.items.add(new File([new Uint8Array(bytes)], 'secret.png', { type: 'image/png' }));
      composer.dispatchEvent(new DragEvent('drop', { bubbles: true, cancelable: true, dataTransfer: transfer }));
    }, [...photo.buffer]);
    await expect(ann.page.getByTestId('attachment')).toHaveAttribute('data-state', 'ready');
    await ann.page.getByTestId('send').click();
    await ben.openPerson(ANN);
    const shown = ben.page.getByTestId('photo').locator('img');
    await expect.poll(() => shown.evaluate((image: HTMLImageElement) => image.naturalWidth)).toBeGreaterThan(0);
    await ann.openRoom('General');
    await ben.openRoom('General');
  });

  test('that are none are refused in words', async () => {
    await ann.page.getByTestId('photo-input').setInputFiles({ name: 'not.png', mimeType: 'image/png', buffer: Buffer.from('hello') });
    await expect(ann.page.getByTestId('attachment')).toHaveAttribute('data-state', 'failed');
    await expect(ann.page.getByTestId('attachment').getByRole('alert')).not.toBeEmpty();
    await ann.page.getByTestId('remove-attachment').click();
    await expect(ann.page.getByTestId('attachment')).toHaveCount(0);
  });
});

test.describe('reading', () => {
  test('is told between one’s devices', async ({ browser }) => {
    const second = await open(browser, system.gateways[1].url);
    await second.signIn(ANN);
    await ann.page.getByTestId('browse-rooms').click();
    await ann.page.getByTestId('room-search').fill('tea');
    await ann.page.getByTestId('create-room').click();
    await ben.page.getByTestId('browse-rooms').click();
    await ben.page.locator('[data-testid="directory-row"][data-name="tea"]').click();
    await second.page.getByTestId('browse-rooms').click();
    await second.page.locator('[data-testid="directory-row"][data-name="tea"]').click();
    await second.openRoom('General');
    await ann.openRoom('General');
    await ben.say(`@${ANN} it is served`);
    for (const chat of [ann, second]) {
      await expect(chat.row('tea').getByTestId('unread')).toContainText('1');
      await expect(chat.row('tea').getByTestId('mentions')).toContainText('@1');
    }
    await expect(ann.page).toHaveTitle('(1) Parlor');
    await ann.openRoom('tea');
    await expect(ann.page.getByTestId('new-marker')).toBeVisible();
    await expect(ann.messages(`@${ANN} it is served`).getByTestId('mention')).toHaveText(`@${ANN}`);
    await expect(second.row('tea').getByTestId('unread')).toHaveCount(0);
    await second.page.context().close();
    await ann.openRoom('General');
    await ben.openRoom('General');
  });

  test('counts what came while one was away', async () => {
    await ann.page.goto('about:blank');
    await ben.openRoom('tea');
    await ben.say('One');
    await ben.say('Two');
    await ben.sees('Two', BEN);
    await ann.page.goto(system.gateways[0].url);
    await ann.ready();
    await expect(ann.row('tea').getByTestId('unread')).toContainText('2');
    await ann.openRoom('tea');
    await expect(ann.row('tea').getByTestId('unread')).toHaveCount(0);
    await ann.openRoom('General');
    await ben.openRoom('General');
  });

  test('and typing is told while it lasts', async () => {
    await ann.page.getByTestId('message-input').pressSequentially('I am wri');
    await expect(ben.page.getByTestId('typing')).toHaveText(`${ANN} is typing…`);
    await ann.page.getByTestId('message-input').fill('');
    await expect(ben.page.getByTestId('typing')).toBeEmpty();
  });
});

test.describe('rooms', () => {
  test('are made with settings, by whoever then owns them', async () => {
    await ann.page.getByTestId('browse-rooms').click();
    await ann.page.getByTestId('room-search').fill('garden');
    await ann.page.getByTestId('create-with-settings').click();
    await expect(ann.page.getByTestId('create-name')).toHaveValue('garden');
    await ann.page.getByTestId('settings-topic').fill('What grows');
    await ann.page.getByTestId('settings-access').selectOption('invite');
    await ann.page.getByTestId('settings-save').click();
    await expect(ann.page.getByTestId('room-title')).toHaveText('garden');
    await expect(ann.page.getByTestId('topic')).toHaveText('What grows');
  });

  test('let in whom they invite', async () => {
    await ben.page.getByTestId('browse-rooms').click();
    await ben.page.getByTestId('room-search').fill('garden');
    await ben.page.getByTestId('create-room').click();
    await expect(ben.page.getByTestId('silence')).toHaveAttribute('data-why', 'invitedOnly');
    await ann.page.getByTestId('members').click();
    await ann.page.getByTestId('invite').click();
    await ann.page.getByTestId('people-search').fill('ben');
    await ann.page.locator(`[data-testid="found-person"][data-name="${BEN}"]`).click();
    await expect(ann.page.locator(`[data-testid="member"][data-name="${BEN}"]`)).toHaveAttribute('data-role', 'member');
    await ann.page.keyboard.press('Escape');
    await ben.page.getByTestId('rejoin').click();
    await ben.say('Thank you for having me');
    await ann.sees('Thank you for having me', BEN);
  });

  const member = (chat: ChatPage, name: string) => chat.page.locator(`[data-testid="member"][data-name="${name}"]`);

  test('mute, and say for how long', async () => {
    await ann.page.getByTestId('members').click();
    await member(ann, BEN).getByTestId('member-actions').click();
    await ann.page.getByTestId('action-mute').click();
    await ann.page.getByTestId('measure-submit').click();
    await expect(member(ann, BEN)).toContainText('muted until');
    await expect(ben.page.getByTestId('silence')).toContainText(/You are muted\. You can write again in 4:\d\d minutes/u);
    await ben.page.reload();
    await ben.ready();
    await ben.openRoom('garden');
    await expect(ben.page.getByTestId('silence')).toHaveAttribute('data-why', 'muted');
    await member(ann, BEN).getByTestId('member-actions').click();
    await ann.page.getByTestId('action-unmute').click();
    await expect(ben.page.getByTestId('message-input')).toBeVisible();
  });

  test('change their settings for everybody at once', async () => {
    await ann.page.getByTestId('dialog-tab-settings').click();
    await ann.page.getByTestId('settings-write').selectOption('moderators');
    await ann.page.getByTestId('settings-topic').fill('What grows quietly');
    await ann.page.getByTestId('settings-save').click();
    await expect(ann.page.getByTestId('dialog-done')).toHaveText('Saved.');
    await expect(ben.page.getByTestId('silence')).toHaveAttribute('data-why', 'readOnly');
    await expect(ben.page.getByTestId('topic')).toHaveText('What grows quietly');
    await ann.page.getByTestId('settings-write').selectOption('everyone');
    await ann.page.getByTestId('settings-access').selectOption('public');
    await ann.page.getByTestId('settings-slow').selectOption('5');
    await ann.page.getByTestId('settings-save').click();
    await expect(ben.page.getByTestId('message-input')).toBeVisible();
    await ben.say('Slowly');
    await ben.say('and slowly');
    await expect(ben.page.getByTestId('slow')).toContainText('Slow mode');
    await ann.sees('and slowly', BEN);
    await ann.page.getByTestId('settings-slow').selectOption('0');
    await ann.page.getByTestId('settings-save').click();
    await ann.page.keyboard.press('Escape');
  });

  test('remove somebody with a reason, who may come back', async () => {
    await ann.page.getByTestId('members').click();
    await member(ann, BEN).getByTestId('member-actions').click();
    await ann.page.getByTestId('action-kick').click();
    await ann.page.getByTestId('measure-reason').fill('Stepped on the beds');
    await ann.page.getByTestId('measure-submit').click();
    await expect(ben.page.getByTestId('silence')).toContainText('Reason: Stepped on the beds');
    await ben.page.getByTestId('rejoin').click();
    await expect(ben.page.getByTestId('message-input')).toBeVisible();
  });

  test('ban, list the ban and lift it', async () => {
    await expect(member(ann, BEN)).toBeVisible();
    await member(ann, BEN).getByTestId('member-actions').click();
    await ann.page.getByTestId('action-ban').click();
    await ann.page.getByTestId('measure-submit').click();
    await expect(ben.page.getByTestId('silence')).toContainText('You are banned from this room until');
    await ann.page.getByTestId('dialog-tab-bans').click();
    await expect(ann.page.getByTestId('ban-row')).toHaveAttribute('data-name', BEN);
    await ann.page.getByTestId('unban').click();
    await expect(ann.page.getByTestId('ban-row')).toHaveCount(0);
    await ann.page.keyboard.press('Escape');
    await ben.page.getByTestId('take-off').click();
    await expect(ben.page.getByTestId('room-title')).toHaveText('General');
  });

  test('refuse a member what only an owner may', async () => {
    await ben.page.getByTestId('browse-rooms').click();
    await ben.page.locator('[data-testid="directory-row"][data-name="garden"]').click();
    await expect(ben.page.getByTestId('message-input')).toBeVisible();
    await ben.page.getByTestId('room-details').click();
    await expect(ben.page.getByTestId('room-facts')).toBeVisible();
    await expect(ben.page.getByTestId('dialog-tab-settings')).toHaveCount(0);
    await expect(ben.page.getByTestId('dialog-tab-bans')).toHaveCount(0);
    await ben.page.keyboard.press('Escape');
  });

  test('are closed and opened again', async () => {
    await ann.page.getByTestId('room-details').click();
    await ann.page.getByTestId('dialog-tab-settings').click();
    await ann.page.getByTestId('close-room').click();
    await expect(ben.page.getByTestId('silence')).toContainText('This room was closed.');
    await ann.page.getByTestId('reopen-room').click();
    await expect(ann.page.getByTestId('close-room')).toBeVisible();
    await ann.page.keyboard.press('Escape');
    await ben.page.getByTestId('rejoin').click();
    await expect(ben.page.getByTestId('message-input')).toBeVisible();
    await ann.openRoom('General');
    await ben.openRoom('General');
  });
});

test.describe('people', () => {
  test('choose what they are called and coloured', async () => {
    await ann.page.getByTestId('my-profile').click();
    await ann.page.getByTestId('display-name').fill('Ann of the Garden');
    await ann.page.getByTestId('swatch').nth(8).check();
    await ann.page.getByTestId('save-profile').click();
    await expect(ann.page.getByTestId('dialog-done')).toHaveText('Saved.');
    await ann.page.keyboard.press('Escape');
    await expect(ann.page.getByTestId('my-name')).toHaveText('Ann of the Garden');
    // Below another's message hers shows who it is of.
    await ben.say('What shall we call you?');
    await ann.sees('What shall we call you?', BEN);
    await ann.say('Call me that');
    await expect(ben.messages('Call me that').getByTestId('sender')).toHaveText('Ann of the Garden');
    await ann.page.getByTestId('my-profile').click();
    await ann.page.getByTestId('display-name').fill('');
    await ann.page.getByTestId('save-profile').click();
    await expect(ann.page.getByTestId('my-name')).toHaveText(ANN);
    await ann.page.keyboard.press('Escape');
  });

  test('are found by the beginning of their names', async () => {
    await ben.page.getByTestId('find-people').click();
    await ben.page.getByTestId('people-search').fill('ann');
    await ben.page.locator(`[data-testid="found-person"][data-name="${ANN}"]`).click();
    await expect(ben.page.getByTestId('room-title')).toHaveText(ANN);
    await ben.openRoom('General');
  });

  test('see their sessions, end one, and change their password', async ({ browser }) => {
    const phone = await open(browser, system.gateways[0].url);
    await phone.signIn(BEN);
    await ben.page.getByTestId('my-profile').click();
    await ben.page.getByTestId('dialog-tab-sessions').click();
    await ben.page.getByTestId('end-session').last().click();
    await expect(phone.page.getByTestId('session-ended')).toHaveText('This session was ended from another device.');
    await phone.signIn(BEN);
    await ben.page.getByTestId('dialog-tab-password').click();
    await ben.page.getByTestId('old-password').fill('a wrong one');
    await ben.page.getByTestId('new-password').fill('another horse battery');
    await ben.page.getByTestId('change-password').click();
    await expect(ben.page.getByTestId('dialog-error')).toBeVisible();
    await ben.page.getByTestId('old-password').fill(PASSWORD);
    await ben.page.getByTestId('change-password').click();
    await expect(ben.page.getByTestId('dialog-done')).toContainText('Changed.');
    await expect(phone.page.getByTestId('session-ended')).toContainText('Your password was changed');
    await ben.page.keyboard.press('Escape');
    await ben.say('Still here');
    await ann.sees('Still here', BEN);
    await phone.page.context().close();
  });
});

test('an admin promotes, bans from the server, reads the log; a deleted account is gone', async ({ browser }) => {
  await system.admin('grant', ANN, '--role', 'admin');
  const cleo = await open(browser, system.gateways[1].url);
  await cleo.signUp(CLEO);
  await cleo.say('Hello from Cleo');
  await ann.sees('Hello from Cleo', CLEO);
  await expect(ann.page.getByTestId('my-profile')).toContainText('Admin');
  await ann.messages('Hello from Cleo').getByTestId('sender').click();
  await ann.page.getByTestId('site-role').selectOption('moderator');
  await expect(cleo.page.getByTestId('my-profile')).toContainText('Moderator');
  await ann.page.getByTestId('site-ban').click();
  await ann.page.getByTestId('site-ban-reason').fill('Sold bread');
  await ann.page.getByTestId('site-measure-submit').click();
  await expect(cleo.page.getByTestId('session-ended')).toContainText('Sold bread');
  await ann.page.getByTestId('site-unban').click();
  await expect(ann.page.getByTestId('dialog-done')).toHaveText('Done.');
  await ann.page.keyboard.press('Escape');
  await ann.page.getByTestId('room-details').click();
  await ann.page.getByTestId('open-audit').click();
  await expect(ann.page.locator('[data-testid="audit-entry"][data-action="userBan"]')).toContainText(CLEO);
  await ann.page.keyboard.press('Escape');
  await cleo.signIn(CLEO);
  await cleo.page.getByTestId('my-profile').click();
  await cleo.page.getByTestId('dialog-tab-password').click();
  await cleo.page.getByTestId('delete-account').click();
  await cleo.page.getByTestId('delete-password').fill(PASSWORD);
  await cleo.page.getByTestId('delete-account-now').click();
  await expect(cleo.page.getByTestId('submit')).toBeVisible();
  await cleo.page.context().close();
});
