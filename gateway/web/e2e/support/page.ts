/** What a person does with the page, and what it must never do. */

import { expect, type BrowserContext, type Locator, type Page } from '@playwright/test';

/** Every page of the context, watched for errors, policy violations and requests to strangers. */
export function watch(
  context: BrowserContext,
  problems: string[],
  isExpected: (text: string) => boolean = () => false,
): void {
  context.on('console', (message) => {
    const text = message.text();
    if ((message.type() === 'error' || message.type() === 'warning') && !isExpected(text)) problems.push(text);
  });
  context.on('weberror', (error) => {
    problems.push(String(error.error()));
  });
  context.on('request', (request) => {
    const { hostname, protocol } = new URL(request.url());
    // A preview is the page's own memory.
    if (protocol !== 'blob:' && hostname !== '127.0.0.1') problems.push(`a request to ${hostname}`);
  });
}

/** A connection that could not be made is told by the browser itself, whatever the page does. */
export function isConnectionNoise(text: string): boolean {
  return /WebSocket connection to|ERR_CONNECTION_REFUSED/u.test(text);
}

export class ChatPage {
  readonly page: Page;

  constructor(page: Page) {
    this.page = page;
  }

  async signUp(name: string, password = 'correct horse battery'): Promise<void> {
    await this.page.getByTestId('tab-signUp').click();
    await this.page.getByTestId('name').fill(name);
    await this.page.getByTestId('password').fill(password);
    await this.page.getByTestId('submit').click();
    await expect(this.page.getByTestId('my-name')).toHaveText(name);
    await this.ready();
  }

  async signIn(name: string, password = 'correct horse battery'): Promise<void> {
    await this.page.getByTestId('tab-password').click();
    await this.page.getByTestId('name').fill(name);
    await this.page.getByTestId('password').fill(password);
    await this.page.getByTestId('submit').click();
    await expect(this.page.getByTestId('my-name')).toHaveText(name);
    await this.ready();
  }

  /** Signed in, and nothing is missing. */
  async ready(): Promise<void> {
    await expect(this.page.getByTestId('banner')).toHaveAttribute('data-status', 'ready');
  }

  async say(text: string): Promise<void> {
    await this.page.getByTestId('message-input').fill(text);
    await this.page.getByTestId('message-input').press('Enter');
  }

  /** The stored messages that say exactly this. */
  messages(text: string): Locator {
    return this.page
      .getByTestId('message')
      .filter({ has: this.page.getByTestId('message-text').getByText(text, { exact: true }) });
  }

  /** The message is there once, from whom it should be, and not on its way any more. */
  async sees(text: string, sender: string): Promise<void> {
    await expect(this.messages(text)).toHaveCount(1);
    await expect(this.messages(text)).toHaveAttribute('data-sender', sender);
    await expect(this.page.getByTestId('outgoing').filter({ hasText: text })).toHaveCount(0);
  }

  /** The texts of the stored messages, in order. */
  async texts(): Promise<string[]> {
    return this.page.getByTestId('message').getByTestId('message-text').allTextContents();
  }

  async openRoom(title: string): Promise<void> {
    await this.row(title).click();
    await expect(this.page.getByTestId('room-title')).toHaveText(title);
  }

  async openPerson(name: string): Promise<void> {
    await this.person(name).click();
    await expect(this.page.getByTestId('room-title')).toHaveText(name);
  }

  /** The row of a room that is open. */
  row(title: string): Locator {
    return this.page.getByTestId('room-row').filter({ has: this.page.getByTestId('room-name').getByText(title, { exact: true }) });
  }

  person(name: string): Locator {
    return this.page.locator(`[data-testid="person"][data-name="${name}"]`);
  }
}
