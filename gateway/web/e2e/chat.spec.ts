/** Two people on two gateways: the whole system, through the page. */

import { expect, test } from '@playwright/test';
import { ANN, BEN, company } from './support/company.ts';
import { ChatPage } from './support/page.ts';
import type { System } from './support/system.ts';

const CLEO = 'Cleo Marsh';
/** A user goes offline some seconds after their last page closed. */
const OFFLINE_MS = 40_000;

let system: System;
let ann: ChatPage;
let ben: ChatPage;

const open = company((begun) => {
  ({ system, ann, ben } = begun);
});

test('sign up on two gateways and talk in General', async () => {
  await ann.signUp(ANN);
  await ben.signUp(BEN);
  await expect(ann.person(BEN)).toHaveAttribute('data-online', 'true');
  await expect(ben.person(ANN)).toHaveAttribute('data-online', 'true');
  await expect(ann.page.getByTestId('occupancy')).toHaveText('2 people here');

  await ann.say('Hello from the first gateway');
  await ben.sees('Hello from the first gateway', ANN);
  await ben.say('And hello from the second');
  await ann.sees('And hello from the second', BEN);
  await ann.sees('Hello from the first gateway', ANN);
  await ben.sees('And hello from the second', BEN);
  await expect(ann.messages('Hello from the first gateway')).toHaveAttribute('data-own', 'true');
  await expect(ben.messages('Hello from the first gateway')).toHaveAttribute('data-own', 'false');
});

test('talk in a named room that one of them makes and the other finds', async () => {
  await ann.page.getByTestId('browse-rooms').click();
  await ann.page.getByTestId('room-search').fill('design');
  await ann.page.getByTestId('create-room').click();
  await expect(ann.page.getByTestId('room-title')).toHaveText('design');
  await expect(ann.page.getByTestId('occupancy')).toHaveText('Only you are here');
  await ann.say('A room of our own');
  await ann.sees('A room of our own', ANN);

  await ben.page.getByTestId('browse-rooms').click();
  const row = ben.page.locator('[data-testid="directory-row"][data-name="design"]');
  await expect(row).toContainText('1 person');
  await row.click();
  await ben.sees('A room of our own', ANN);
  await ben.say('Found it');
  await ann.sees('Found it', BEN);
  await expect(ann.page.getByTestId('occupancy')).toHaveText('2 people here');
});

test('talk privately', async () => {
  await ann.openPerson(BEN);
  await ben.openPerson(ANN);
  await ann.say('Between you and me');
  await ben.sees('Between you and me', ANN);
  await ben.say('Of course');
  await ann.sees('Of course', BEN);
  await ann.openRoom('General');
  await expect(ann.messages('Between you and me')).toHaveCount(0);
  await ben.say('One more thing');
  await expect(ann.row(BEN).getByTestId('unread')).toContainText('1');
  await ann.openRoom(BEN);
  await ann.sees('One more thing', BEN);
  await ann.openRoom('General');
  await ben.openRoom('General');
});

test('find everything again after a reload', async () => {
  await ann.page.reload();
  await ann.ready();
  await ann.sees('Hello from the first gateway', ANN);
  await ann.sees('And hello from the second', BEN);
  await ann.openRoom('design');
  await ann.sees('A room of our own', ANN);
  await ann.sees('Found it', BEN);
  await ann.openRoom(BEN);
  await ann.sees('Between you and me', ANN);
  await ann.sees('Of course', BEN);
  await ann.openRoom('General');
});

test('a rate limit puts messages off and loses none', async () => {
  const burst: string[] = [];
  const say = async (): Promise<void> => {
    burst.push(`burst ${burst.length}`);
    await ann.say(burst.at(-1) ?? '');
  };
  // On a busy machine typing takes so long that more are let through.
  while (burst.length < 60 && !(await ann.page.getByTestId('hold').isVisible())) await say();
  expect(burst.length).toBeLessThan(60);
  for (let more = 0; more < 3; more += 1) await say();
  const last = burst.at(-1) ?? '';
  await ben.sees(last, ANN);
  await ann.sees(last, ANN);
  for (const chat of [ann, ben]) {
    expect((await chat.texts()).filter((text) => text.startsWith('burst '))).toEqual(burst);
  }
  await expect(ann.page.getByTestId('hold')).toHaveCount(0);
});

test('a killed gateway is told, and nothing is lost or doubled', async () => {
  await system.gateways[0].kill();
  await expect(ann.page.getByTestId('banner')).toHaveAttribute('data-status', /waiting|connecting/u);
  await expect(ann.page.getByTestId('banner')).toContainText(/Reconnecting|Connecting/u);

  await ann.say('Written while my gateway was dead');
  await ann.say('And another');
  await expect(ann.page.getByTestId('outgoing')).toHaveCount(2);
  await ben.say('Said while Ann was away');
  await ben.sees('Said while Ann was away', BEN);

  await system.gateways[0].start();
  await ann.ready();
  for (const chat of [ann, ben]) {
    await chat.sees('Said while Ann was away', BEN);
    await chat.sees('Written while my gateway was dead', ANN);
    await chat.sees('And another', ANN);
  }
  const tail = (await ben.texts()).slice(-3);
  expect(tail).toEqual(['Said while Ann was away', 'Written while my gateway was dead', 'And another']);
  await expect.poll(() => ann.texts()).toEqual(await ben.texts());
});

test('a gateway that is told to end lets its people go, and they come back', async () => {
  await ben.say('Before the restart');
  await ann.sees('Before the restart', BEN);
  await system.gateways[1].terminate();
  await expect(ben.page.getByTestId('banner')).toHaveAttribute('data-status', /draining|waiting|connecting/u);
  await ann.say('While Ben was away');
  await system.gateways[1].start();
  await ben.ready();
  await ben.sees('While Ben was away', ANN);
  await ben.say('Back again');
  await ann.sees('Back again', BEN);
});

test('two tabs are two users, each its own after a reload', async () => {
  const second = new ChatPage(await ben.page.context().newPage());
  await second.page.goto(system.gateways[1].url);
  await expect(second.page.getByTestId('my-name')).toHaveText(BEN);
  await second.page.getByTestId('sign-out').click();
  await expect(second.page.getByTestId('sign-in-form')).toBeVisible();
  // Ben signed out of this browser, so his first tab asks who comes next as well.
  await expect(ben.page.getByTestId('session-ended')).toBeVisible();

  await second.page.getByTestId('tab-guest').click();
  await second.page.getByTestId('name').fill('Visitor');
  await second.page.getByTestId('submit').click();
  await second.ready();
  await ben.page.getByTestId('name').fill(BEN);
  await ben.page.getByTestId('password').fill('correct horse battery');
  await ben.page.getByTestId('submit').click();
  await ben.ready();
  await second.page.reload();
  await second.ready();
  await expect(second.page.getByTestId('my-name')).toHaveText('Visitor');
  await expect(ben.page.getByTestId('my-name')).toHaveText(BEN);
  await second.say('Just looking in');
  await ben.sees('Just looking in', 'Visitor');
  await second.page.close();
});

test('a first private message reaches somebody who never opened the chat', async ({ browser }) => {
  const cleo = await open(browser, system.gateways[1].url);
  await cleo.signUp(CLEO);
  await expect(cleo.row(ANN)).toHaveCount(0);
  await ann.openPerson(CLEO);
  await ann.say('We have not met');
  await expect(cleo.row(ANN).getByTestId('unread')).toContainText('1');
  await expect(cleo.page.getByTestId('room-title')).toHaveText('General');
  await cleo.openRoom(ANN);
  await cleo.sees('We have not met', ANN);
  await expect(cleo.row(ANN).getByTestId('unread')).toHaveCount(0);
  await cleo.say('Now we have');
  await ann.sees('Now we have', CLEO);
  await ann.say('So we have');
  await cleo.sees('So we have', ANN);

  // Closed, the chat stays away until something new is said in it.
  await cleo.page.getByTestId('leave-room').click();
  await cleo.page.reload();
  await cleo.ready();
  await cleo.sees('Just looking in', 'Visitor');
  await expect(cleo.row(ANN)).toHaveCount(0);
  await ann.say('Are you still there?');
  await expect(cleo.row(ANN).getByTestId('unread')).toContainText('1');
  await cleo.openRoom(ANN);
  await cleo.sees('Are you still there?', ANN);
  await cleo.sees('So we have', ANN);
  await ann.openRoom('General');
  await cleo.page.context().close();
});

test('private messages wait for somebody who was not there', async ({ browser }) => {
  const dov = await open(browser, system.gateways[1].url);
  await dov.signUp('Dov Brandt');
  await ann.openPerson('Dov Brandt');
  await dov.page.getByTestId('sign-out').click();
  await expect(dov.page.getByTestId('sign-in-form')).toBeVisible();
  await ann.say('For when you are back');
  await ann.sees('For when you are back', ANN);
  await dov.signIn('Dov Brandt');
  await expect(dov.row(ANN).getByTestId('unread')).toContainText('1');
  await dov.page.context().close();

  // Another browser knows nothing of the first.
  await ann.say('And one more');
  await ann.sees('And one more', ANN);
  const again = await open(browser, system.gateways[0].url);
  await again.signIn('Dov Brandt');
  await expect(again.row(ANN).getByTestId('unread')).toContainText('2');
  await again.openRoom(ANN);
  await again.sees('For when you are back', ANN);
  await again.sees('And one more', ANN);
  await expect(again.row(ANN).getByTestId('unread')).toHaveCount(0);
  await again.page.reload();
  await again.ready();
  await again.sees('And one more', ANN);
  await again.openRoom('General');
  await expect(again.row(ANN).getByTestId('unread')).toHaveCount(0);
  await ann.openRoom('General');
  await again.page.context().close();
});

test('a presence dot goes out when somebody closes their page', async () => {
  await expect(ann.person(BEN)).toHaveAttribute('data-online', 'true');
  await ben.page.close();
  await expect(ann.person(BEN)).toHaveAttribute('data-online', 'false', { timeout: OFFLINE_MS });
  await expect(ann.page.getByTestId('occupancy')).toHaveText('Only you are here');
});
