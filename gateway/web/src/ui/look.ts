/** How names become avatars. */

const HUES = 10;

/** The colours that people may choose, one for each hue class. */
export const COLORS = [
  '#e5484d',
  '#e5793a',
  '#c79a1e',
  '#8aa83a',
  '#3fa65a',
  '#2ba6a0',
  '#3a8fd0',
  '#5f77e0',
  '#9a63d6',
  '#d4579b',
] as const;

/** One of the avatar colours, the same for the same text everywhere and always. */
export function hueOf(text: string): number {
  // FNV-1a over the UTF-16 units: small, and spreads similar names well.
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  return ((hash ^ (hash >>> 15)) >>> 0) % HUES;
}

/** The class of a colour that somebody chose: the nearest of those there are; `null` for no colour. */
export function hueOfColor(color: string | null): number | null {
  const wanted = channelsOf(color ?? '');
  if (wanted === null) return null;
  const distances = COLORS.map((known) => {
    const channels = channelsOf(known) ?? wanted;
    return channels.reduce((sum, channel, index) => sum + (channel - (wanted[index] ?? 0)) ** 2, 0);
  });
  return distances.indexOf(Math.min(...distances));
}

function channelsOf(color: string): number[] | null {
  const match = /^#([\da-f]{2})([\da-f]{2})([\da-f]{2})$/iu.exec(color);
  return match === null ? null : match.slice(1).map((channel) => Number.parseInt(channel, 16));
}

/** At most two letters that stand for a name. */
export function initialsOf(name: string): string {
  const words = name.split(/[\s._-]+/u).filter((word) => word !== '');
  const letters = words.length > 1 ? [first(words[0]), first(words.at(-1))] : [first(words[0])];
  return letters.join('').toLocaleUpperCase();
}

function first(word: string | undefined): string {
  const [character] = word ?? '';
  return character ?? '?';
}
