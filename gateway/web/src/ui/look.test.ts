import { describe, expect, it } from 'vitest';
import { hueOf, initialsOf } from './look.ts';

describe('an avatar', () => {
  it('shows one or two letters', () => {
    expect(initialsOf('Ann')).toBe('A');
    expect(initialsOf('ann lee')).toBe('AL');
    expect(initialsOf('guest-of-honour')).toBe('GH');
    expect(initialsOf('😀 smile')).toBe('😀S');
    expect(initialsOf('...')).toBe('?');
  });

  it('has a colour that stays, and spreads', () => {
    expect(hueOf('Ann')).toBe(hueOf('Ann'));
    const used = new Set(Array.from({ length: 200 }, (_, index) => hueOf(`user-${index}`)));
    expect(used.size).toBe(10);
  });
});
