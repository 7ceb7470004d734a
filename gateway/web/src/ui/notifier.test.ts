import { beforeEach, expect, test } from 'vitest';
import { GENERAL, namedRoom, type RoomKey } from '../state/index.ts';
import type { Alert } from '../state/index.ts';
import { memoryStorage } from '../client/net/testing/fakes.ts';
import { Notifier, type Permission } from './notifier.ts';

const LOBBY = namedRoom('lobby');
let permission: Permission;
let answer: Permission;
let asked: number;
let opened: RoomKey[];
let shown: { title: string; body: string; tag: string; click: () => void }[];
let storage: ReturnType<typeof memoryStorage>;

beforeEach(() => {
  permission = 'default';
  answer = 'granted';
  asked = 0;
  opened = [];
  shown = [];
  storage = memoryStorage();
});

function load(): Notifier {
  return new Notifier({
    desk: {
      permission: () => permission,
      request: () => {
        asked += 1;
        permission = answer;
        return Promise.resolve(permission);
      },
      show(title, body, tag, click) {
        const it = { title, body, tag, click };
        shown = [...shown.filter((other) => other.tag !== tag), it];
        return () => {
          shown = shown.filter((other) => other !== it);
        };
      },
    },
    storage,
    titleOf: ({ by }) => by,
    bodyOf: ({ text }) => text ?? '',
    onOpen: (room) => {
      opened.push(room);
    },
  });
}

const alert = (kind: Alert['kind'], room = GENERAL, text = 'hello'): Alert => ({ kind, room, by: 'Ann', text });

test('asks for leave by a choice only, once, and keeps the choice', async () => {
  const notifier = load();
  expect([notifier.level, asked]).toEqual(['off', 0]);
  await notifier.choose('direct');
  expect([notifier.level, asked]).toEqual(['direct', 1]);
  expect(load().level).toBe('direct');
  await notifier.choose('off');
  await notifier.choose('all');
  expect([load().level, asked]).toEqual(['all', 1]);
});

test('stays off where the browser does not let it', async () => {
  answer = 'denied';
  const notifier = load();
  await notifier.choose('all');
  expect(notifier.level).toBe('off');
  await notifier.choose('all');
  expect(asked).toBe(1);
  // Taken back in the browser's settings.
  permission = 'granted';
  await notifier.choose('all');
  permission = 'denied';
  expect(notifier.level).toBe('off');
  notifier.tell(alert('private'));
  expect(shown).toEqual([]);
});

test('tells what was asked for', async () => {
  const notifier = load();
  notifier.tell(alert('private'));
  await notifier.choose('direct');
  notifier.tell(alert('message'));
  expect(shown).toEqual([]);
  notifier.tell(alert('mention', LOBBY, 'x'.repeat(200)));
  expect(shown).toMatchObject([{ title: 'Ann', tag: LOBBY, body: `${'x'.repeat(160)}…` }]);
  await notifier.choose('all');
  notifier.tell(alert('message'));
  expect(shown.map(({ tag }) => tag)).toEqual([LOBBY, GENERAL]);
});

test('opens the room, and takes away what is over', async () => {
  const notifier = load();
  await notifier.choose('all');
  notifier.tell(alert('private', LOBBY));
  notifier.tell(alert('message'));
  notifier.withdraw((room) => room === GENERAL);
  expect(shown.map(({ tag }) => tag)).toEqual([LOBBY]);
  shown[0]?.click();
  expect(opened).toEqual([LOBBY]);
  expect(shown).toEqual([]);
});
