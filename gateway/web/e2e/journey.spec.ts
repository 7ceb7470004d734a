/** The main flows in one go, while one of two gateways is killed in their midst and comes back. */

import { expect, test, type Locator } from '@playwright/test';
import { ANN, BEN, company } from './support/company.ts';
import type { ChatPage } from './support/page.ts';
import { pngOf } from './support/png.ts';
import type { System } from './support/system.ts';

let system: System;
let ann: ChatPage;
let ben: ChatPage;

company(
  (begun) => {
    ({ system, ann, ben } = begun);
  },
  { settings: { MESSAGE_RATE: 'off', COMPRESSION: 'true', BATCH_DELAY: '20ms' }, isExpected: (told) => /dynamically imported module/u.test(told) },
);

const option = (chat: ChatPage, index: number): Locator => chat.page.locator(`[data-testid="poll-option"][data-index="${index}"]`);
const banner = (chat: ChatPage): Locator => chat.page.getByTestId('banner');

test('before: a room of one’s own, an answer, a reaction, a poll, a word in private', async () => {
  await ann.signUp(ANN);
  await ben.signUp(BEN);
  await ann.page.getByTestId('browse-rooms').click();
  await ann.page.getByTestId('room-search').fill('design');
  await ann.page.getByTestId('create-room').click();
  await expect(ann.page.getByTestId('room-title')).toHaveText('design');
  await ben.page.getByTestId('browse-rooms').click();
  await ben.page.locator('[data-testid="directory-row"][data-name="design"]').click();
  await ben.say('A first draft');
  await ann.sees('A first draft', BEN);
  await ann.messages('A first draft').hover();
  await ann.page.getByTestId('tool-reply').click();
  await ann.say('I like it');
  await expect(ben.messages('I like it').getByTestId('quote')).toContainText('A first draft');
  await ann.page.getByTestId('room-details').click();
  await expect(ann.page.getByTestId('dialog-tab-settings')).toBeVisible();
  await ann.page.keyboard.press('Escape');
  await ann.page.getByTestId('new-poll').click();
  await ann.page.getByTestId('poll-question').fill('Ship it?');
  await ann.page.getByTestId('poll-option-field').nth(0).fill('Today');
  await ann.page.getByTestId('poll-option-field').nth(1).fill('Tomorrow');
  await ann.page.getByTestId('send-poll').click();
  await option(ann, 0).click();
  await expect(option(ben, 0).getByTestId('poll-count')).toHaveText('1');
  await ben.openPerson(ANN);
  await ben.say('Between us');
  await expect(ann.row(BEN).getByTestId('unread')).toContainText('1');
  await ann.openRoom(BEN);
  await ann.sees('Between us', BEN);
});

test('killed: each page says how it is, and nothing that is begun gets lost', async () => {
  await ann.openRoom('design');
  await ben.openRoom('design');
  await system.gateways[0].kill();
  await expect(banner(ann)).toHaveAttribute('data-status', /waiting|connecting/u);
  await expect(banner(ann)).toContainText(/Reconnecting|Connecting/u);
  await expect(banner(ben)).toHaveAttribute('data-status', 'ready');

  // What Ann says in two rooms waits; what needs an answer at once says that there is none.
  await ann.say('Said into the dark');
  await ann.say('and once more');
  await expect(ann.page.getByTestId('outgoing')).toHaveText([/Waiting to be sent/u, /Waiting to be sent/u]);
  await expect(banner(ann)).toContainText('2 messages wait to be sent.');
  await ann.page.getByTestId('room-details').click();
  await expect(ann.page.getByTestId('dialog-error')).toContainText('There is no connection now');
  await ann.page.keyboard.press('Escape');
  // A dialog that was never open is not even here.
  await ann.page.getByTestId('my-profile').click();
  await expect(ann.page.getByTestId('notices')).toContainText('while there is no connection');
  await ann.page.getByTestId('photo-input').setInputFiles({ name: 'dusk.png', mimeType: 'image/png', buffer: pngOf(320, 200) });
  await expect(ann.page.getByTestId('attachment')).toHaveAttribute('data-state', 'failed');
  await expect(ann.page.getByTestId('attachment').getByRole('alert')).toContainText('can’t be reached');
  await ann.page.getByTestId('message-input').fill('Begun in the dark');
  await ann.openRoom(BEN);
  await ann.say('In private, too');
  await expect(ann.page.getByTestId('outgoing')).toHaveCount(1);

  // Ben's gateway goes on without the other: he changes what is there, and says more.
  await ben.messages('A first draft').hover();
  await ben.page.getByTestId('tools').getByRole('button', { name: 'React with 👍' }).click();
  await ben.messages('A first draft').hover();
  await ben.page.getByTestId('tool-edit').click();
  await ben.page.getByTestId('message-input').fill('A second draft');
  await ben.page.getByTestId('message-input').press('Enter');
  await expect(ben.messages('A second draft').getByTestId('edited')).toBeVisible();
  await option(ben, 1).click();
  await ben.say('Said while Ann was away');
  await ben.sees('Said while Ann was away', BEN);
  await ben.openRoom(ANN);
  await ben.say('Are you there?');
  await ben.sees('Are you there?', BEN);
});

test('back: all of it is there once, in order, on both sides', async () => {
  await system.gateways[0].start();
  await ann.ready();
  await expect(banner(ann)).toBeEmpty();
  for (const chat of [ann, ben]) {
    await chat.sees('In private, too', ANN);
    await chat.sees('Are you there?', BEN);
  }
  await ann.openRoom('design');
  await ben.openRoom('design');
  for (const chat of [ann, ben]) {
    for (const said of ['Said into the dark', 'and once more']) await chat.sees(said, ANN);
    await chat.sees('A second draft', BEN);
    await expect(chat.messages('A first draft')).toHaveCount(0);
    await expect(chat.messages('A second draft').locator('[data-emoji="👍"]')).toContainText('1');
    await expect(option(chat, 0).getByTestId('poll-count')).toHaveText('1');
    await expect(option(chat, 1).getByTestId('poll-count')).toHaveText('1');
  }
  await expect.poll(() => ann.texts()).toEqual(await ben.texts());
  expect((await ann.texts()).slice(-3)).toEqual(['Said while Ann was away', 'Said into the dark', 'and once more']);

  // What was begun goes on: the draft, the photo, the dialog.
  await expect(ann.page.getByTestId('message-input')).toHaveValue('Begun in the dark');
  await ann.page.getByTestId('attachment').getByRole('button', { name: 'Upload dusk.png again' }).click();
  await expect(ann.page.getByTestId('attachment')).toHaveAttribute('data-state', 'ready');
  await ann.page.getByTestId('message-input').press('Enter');
  await expect(ben.messages('Begun in the dark').getByTestId('photo')).toBeVisible();
  await ann.page.getByTestId('room-details').click();
  await ann.page.getByTestId('dialog-tab-settings').click();
  await ann.page.getByTestId('settings-topic').fill('After the dark');
  await ann.page.getByTestId('settings-save').click();
  await expect(ben.page.getByTestId('topic')).toHaveText('After the dark');
  await ann.page.keyboard.press('Escape');
});

test('the other one, too: whoever is cut off finds a room as it is by then', async () => {
  await system.gateways[1].kill();
  await expect(banner(ben)).toHaveAttribute('data-status', /waiting|connecting/u);
  await ann.page.getByTestId('room-details').click();
  await ann.page.getByTestId('dialog-tab-settings').click();
  await ann.page.getByTestId('settings-write').selectOption('moderators');
  await ann.page.getByTestId('settings-save').click();
  await expect(ann.page.getByTestId('dialog-done')).toHaveText('Saved.');
  await ann.page.keyboard.press('Escape');
  await ann.say('For reading only');
  await ann.sees('For reading only', ANN);
  await system.gateways[1].start();
  await ben.ready();
  await ben.sees('For reading only', ANN);
  await expect(ben.page.getByTestId('silence')).toHaveAttribute('data-why', 'readOnly');
});
