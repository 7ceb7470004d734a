/** A room with a long history: what is drawn of it, and how one gets about in it. */

import { expect, test, type Page } from '@playwright/test';
import { namedRoom } from '@parlor/client/protocol';
import { expectAccessible } from './support/axe.ts';
import { ann, ben } from './support/scene.ts';
import { ScriptedGateway } from './support/scripted.ts';
import { DESKTOP, NOW, PHONE, theatre, type Stage } from './support/stage.ts';

const LONG = namedRoom('long');
const MESSAGES = 5_000;
const READ = 4_200;
/** Far more than fill a view, and far fewer than are kept. */
const MOST_DRAWN = 120;

const { openSignedIn } = theatre();

/** A gateway with a room of many messages, of different heights. */
function longStory(messages = MESSAGES): ScriptedGateway {
  const gateway = new ScriptedGateway();
  gateway.users = [ann, ben];
  gateway.occupancy.set('long', 3);
  const begin = NOW.getTime() - messages * 30_000;
  const first = { SenderUUID: ann.UUID, Sender: ann, Room: 'long', Epoch: 'e1' };
  gateway.rooms.set(
    LONG,
    Array.from({ length: messages }, (_, index) => ({
      ...first,
      ...(index % 3 === 0 ? { SenderUUID: ben.UUID, Sender: ben } : {}),
      UUID: `long-${index + 1}`,
      Seq: index + 1,
      CreatedAt: new Date(begin + index * 30_000).toISOString(),
      Message: `number ${index + 1}${' and some words'.repeat((index * 7) % 23)}`,
    })),
  );
  return gateway;
}

async function openLong({ page }: Stage, isPhone = false): Promise<void> {
  if (isPhone) await page.getByTestId('menu').click();
  await page.getByTestId('browse-rooms').click();
  await page.locator('[data-testid="directory-row"][data-name="long"]').click();
  await expect(page.getByTestId('room-title')).toHaveText('long');
  await expect(page.getByTestId('message').last()).toBeInViewport();
}

const row = (page: Page, seq: number): ReturnType<Page['locator']> => page.locator(`[data-testid="message"][data-seq="${seq}"]`);
const drawn = (page: Page): Promise<number> => page.getByTestId('message').count();

async function scrollBy(page: Page, px: number): Promise<void> {
  await page.getByTestId('timeline').evaluate((element, by) => {
    element.scrollTop += by;
  }, px);
}

test('goes to the first unread message, on from there, and back to the latest', async ({ browser }) => {
  const gateway = longStory(READ);
  const stage = await openSignedIn(browser, DESKTOP, gateway);
  const { page } = stage;
  await openLong(stage);
  await stage.chat.openRoom('General');
  for (let seq = READ + 1; seq <= MESSAGES; seq += 1) gateway.speak(LONG, seq % 4 === 0 ? ann : ben, `number ${seq}`, NOW);
  await expect(stage.chat.row('long').getByTestId('unread')).toContainText(`${MESSAGES - READ}`);
  await stage.chat.openRoom('long');
  await expect(row(page, MESSAGES)).toBeInViewport();
  await expect(page.getByTestId('new-marker')).toHaveCount(0);
  await page.getByTestId('jump-to-unread').click();
  await expect(row(page, READ + 1)).toBeFocused();
  await expect(row(page, READ + 1)).toBeInViewport();
  await expect(page.getByTestId('new-marker')).toBeInViewport();
  await expect(page.getByTestId('jump-to-unread')).toHaveCount(0);
  await expectAccessible(page, 'in the midst of a long room');

  // Reading on brings page after page, and what is said meanwhile does not move it.
  gateway.speak(LONG, ann, 'said meanwhile', NOW);
  await expect(page.getByTestId('jump-to-latest')).toBeVisible();
  for (let seen = READ + 1; seen < READ + 400; ) {
    await scrollBy(page, 500);
    const last = Number(await page.getByTestId('message').last().getAttribute('data-seq'));
    expect(last).toBeGreaterThanOrEqual(seen);
    expect(await drawn(page)).toBeLessThan(MOST_DRAWN);
    seen = last;
  }
  await page.getByTestId('jump-to-latest').click();
  await expect(row(page, MESSAGES + 1)).toBeInViewport();
  await expect(page.getByTestId('jump-to-latest')).toHaveCount(0);
  await stage.close();
});

test('scrolls up through all that there is, and keeps the place', async ({ browser }) => {
  const stage = await openSignedIn(browser, DESKTOP, longStory());
  const { page } = stage;
  await openLong(stage);
  /** The first message in sight; none of it may be missing. */
  const inSight = (): Promise<number> =>
    page.getByTestId('timeline').evaluate((view) => {
      const { top, bottom } = view.getBoundingClientRect();
      const rows = [...view.querySelectorAll<HTMLElement>('[data-testid="message"]')];
      const seen = rows.filter((it) => it.getBoundingClientRect().bottom > top && it.getBoundingClientRect().top < bottom);
      const [first, last] = [seen[0], seen.at(-1)];
      const isFull = first !== undefined && last !== undefined && first.getBoundingClientRect().top < top + 60 && last.getBoundingClientRect().bottom > bottom - 60;
      return isFull ? Number(first.dataset['seq']) : NaN;
    });
  let before = await inSight();
  for (let step = 0; step < 60; step += 1) {
    await scrollBy(page, -900);
    await expect.poll(async () => (await inSight()) < before).toBe(true);
    before = await inSight();
    expect(await drawn(page)).toBeLessThan(MOST_DRAWN);
  }
  expect(before).toBeLessThan(MESSAGES - 400);
  await stage.close();
});

test('comes to a message that was answered long ago', async ({ browser }) => {
  const gateway = longStory();
  const stage = await openSignedIn(browser, DESKTOP, gateway);
  const { page } = stage;
  await openLong(stage);
  const answer = gateway.speak(LONG, ann, 'Do you remember?', NOW, undefined, {
    ReplyTo: { UUID: 'long-777', Seq: 777, SenderUUID: ben.UUID, Sender: ben.Username, Message: 'number 777' },
  });
  await row(page, answer.Seq).getByTestId('quote').click();
  await expect(row(page, 777)).toBeFocused();
  await expect(row(page, 777)).toBeInViewport();
  // Writing something is said at the end, and shows there.
  await page.getByTestId('message-input').fill('I do');
  await page.getByTestId('message-input').press('Enter');
  await expect(stage.chat.messages('I do')).toBeInViewport();
  await stage.close();
});

test('is read by the keyboard alone, and the focus is never lost', async ({ browser }) => {
  const stage = await openSignedIn(browser, DESKTOP, longStory());
  const { page } = stage;
  await openLong(stage);
  await page.getByTestId('timeline').focus();
  for (let press = 0; press < 70; press += 1) await page.keyboard.press('ArrowUp');
  await expect(row(page, MESSAGES - 69)).toBeFocused();
  await expect(row(page, MESSAGES - 69)).toBeInViewport({ ratio: 1 });
  // Scrolled far away it still has the focus, and the arrows go on from it.
  await scrollBy(page, -4_000);
  await expect(row(page, MESSAGES - 69)).not.toBeInViewport();
  await expect(row(page, MESSAGES - 69)).toBeFocused();
  await page.keyboard.press('ArrowDown');
  await expect(row(page, MESSAGES - 68)).toBeFocused();
  await expect(row(page, MESSAGES - 68)).toBeInViewport({ ratio: 1 });
  await stage.close();
});

test('tells a screen reader of many messages in a number', async ({ browser }) => {
  const gateway = longStory();
  const stage = await openSignedIn(browser, PHONE, gateway);
  const { page } = stage;
  await openLong(stage, true);
  const announcer = page.getByTestId('announcer');
  gateway.speak(LONG, ann, 'one', NOW);
  await expect(announcer).toHaveText('Ann Lindqvist: one');
  for (let count = 0; count < 30; count += 1) gateway.speak(LONG, ben, `more ${count}`, NOW);
  await expect(announcer).toHaveText('30 new messages');
  await stage.close();
});
