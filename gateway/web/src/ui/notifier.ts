/** Notifications of the system, for whom asked for them. */

import type { Alert } from '../state/index.ts';

/** What is told: nothing, what is meant for this user, or everything. */
export type AlertLevel = 'off' | 'direct' | 'all';
export const ALERT_LEVELS: readonly AlertLevel[] = ['off', 'direct', 'all'];

/** `unsupported`: this browser has none, or only for apps that are installed. */
export type Permission = NotificationPermission | 'unsupported';

const LEVEL_KEY = 'parlor.notify';
const MOST_CHARACTERS = 160;

/** What a browser offers for it. */
export interface Desk {
  permission(): Permission;
  /** Asks the person; only a click may lead here. */
  request(): Promise<Permission>;
  /** `tag`: a later one of the same tag takes its place. Gives back what takes it away. */
  show(title: string, body: string, tag: string, onClick: () => void): () => void;
}

interface NotifierOptions {
  readonly desk: Desk;
  readonly storage: { get(key: string): string | null; set(key: string, value: string): void };
  readonly titleOf: (alert: Alert) => string;
  readonly bodyOf: (alert: Alert) => string;
  /** Somebody clicked on it. */
  readonly onOpen: (room: Alert['room']) => void;
}

export class Notifier {
  readonly #options: NotifierOptions;
  /** What takes each room's away. */
  readonly #shown = new Map<Alert['room'], () => void>();

  constructor(options: NotifierOptions) {
    this.#options = options;
  }

  get permission(): Permission {
    return this.#options.desk.permission();
  }

  /** What was chosen, as far as the browser still lets us. */
  get level(): AlertLevel {
    const chosen = this.#options.storage.get(LEVEL_KEY);
    if (this.permission !== 'granted') return 'off';
    return ALERT_LEVELS.find((level) => level === chosen) ?? 'off';
  }

  /** What somebody chose by a click; asks the browser's leave, where it is still to be asked for. */
  async choose(level: AlertLevel): Promise<void> {
    const { desk, storage } = this.#options;
    if (level !== 'off' && desk.permission() === 'default') await desk.request();
    storage.set(LEVEL_KEY, desk.permission() === 'granted' ? level : 'off');
  }

  tell(alert: Alert): void {
    const { desk, titleOf, bodyOf, onOpen } = this.#options;
    const { level } = this;
    if (level === 'off' || (level === 'direct' && alert.kind === 'message')) return;
    const { room } = alert;
    const body = bodyOf(alert);
    const cut = body.length > MOST_CHARACTERS ? `${body.slice(0, MOST_CHARACTERS)}…` : body;
    const close = desk.show(titleOf(alert), cut, room, () => {
      onOpen(room);
      this.withdraw((other) => other === room);
    });
    this.#shown.set(room, close);
  }

  /** Takes away those of the rooms in which nothing is new any more. */
  withdraw(isOver: (room: Alert['room']) => boolean): void {
    for (const [room, close] of this.#shown) {
      if (!isOver(room)) continue;
      this.#shown.delete(room);
      close();
    }
  }
}

export const browserDesk: Desk = {
  permission: () => ('Notification' in window ? Notification.permission : 'unsupported'),
  request: () => Notification.requestPermission(),
  show(title, body, tag, onClick) {
    try {
      const notification = new Notification(title, { body, tag, icon: '/favicon.svg' });
      notification.onclick = () => {
        window.focus();
        onClick();
      };
      return () => {
        notification.close();
      };
    } catch {
      // Phones show them for installed apps only, and say so by an exception.
      return () => undefined;
    }
  },
};
