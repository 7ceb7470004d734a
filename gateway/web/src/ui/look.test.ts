import { describe, expect, it } from 'vitest';
import { COLORS, hueOf, hueOfColor, initialsOf } from './look.ts';

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

describe('a chosen colour', () => {
  it('is shown as the nearest there is, and no colour as none', () => {
    expect(COLORS.map((color) => hueOfColor(color))).toEqual(COLORS.map((_, index) => index));
    expect(hueOfColor('#E5484E')).toBe(0);
    expect(hueOfColor(null)).toBeNull();
    expect(hueOfColor('red')).toBeNull();
  });
});
