import { expect, it } from 'vitest';
import { randomUUID } from './ids.ts';

it('a UUID is made without crypto.randomUUID too', () => {
  const plain = {
    getRandomValues: (array: Uint8Array): Uint8Array => array.fill(0xff),
  } as unknown as Crypto;
  expect(randomUUID(plain)).toBe('ffffffff-ffff-4fff-bfff-ffffffffffff');
  expect(randomUUID()).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/u);
});
