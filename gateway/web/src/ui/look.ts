/** How names become avatars. */

const HUES = 10;

/** One of the avatar colours, the same for the same text everywhere and always. */
export function hueOf(text: string): number {
  // FNV-1a over the UTF-16 units: small, and spreads similar names well.
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  return ((hash ^ (hash >>> 15)) >>> 0) % HUES;
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
