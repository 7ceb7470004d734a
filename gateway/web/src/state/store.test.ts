import { expect, test } from 'vitest';
import { createStore } from './store.ts';

function open() {
  const drawn: (() => void)[] = [];
  const seen: number[] = [];
  const store = createStore((total: number, more: number) => total + more, 0, (notify) => drawn.push(notify));
  store.subscribe(() => seen.push(store.getState()));
  const draw = (): void => {
    for (const notify of drawn.splice(0)) notify();
  };
  return { store, seen, draw };
}

test('tells once, with the next picture, of changes that came together', () => {
  const { store, seen, draw } = open();
  store.dispatch(1);
  store.dispatch(2);
  expect(seen).toEqual([]);
  draw();
  expect(seen).toEqual([3]);
});

test('tells at once what can not wait, and not again with the picture', () => {
  const { store, seen, draw } = open();
  store.flush();
  expect(seen).toEqual([]);
  store.dispatch(1);
  store.flush();
  expect(seen).toEqual([1]);
  draw();
  expect(seen).toEqual([1]);
  store.dispatch(1);
  draw();
  expect(seen).toEqual([1, 2]);
});
