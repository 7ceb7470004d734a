export type Piece = { kind: 'text'; text: string } | { kind: 'link'; text: string; href: string };

const LINK = /https?:\/\/[^\s<>"']+/giu;
/** Marks that end a sentence rather than an address. */
const TRAILING = /[.,;:!?)\]}'"]+$/u;

/** Splits a message into words and web addresses. Nothing but http and https is ever a link. */
export function linkify(text: string): Piece[] {
  const pieces: Piece[] = [];
  let end = 0;
  for (const match of text.matchAll(LINK)) {
    const address = trimmed(match[0]);
    if (!URL.canParse(address)) continue;
    if (match.index > end) pieces.push({ kind: 'text', text: text.slice(end, match.index) });
    pieces.push({ kind: 'link', text: address, href: address });
    end = match.index + address.length;
  }
  if (end < text.length) pieces.push({ kind: 'text', text: text.slice(end) });
  return pieces;
}

/** Keeps a closing bracket that the address itself opened. */
function trimmed(address: string): string {
  const tail = TRAILING.exec(address)?.[0] ?? '';
  const bare = address.slice(0, address.length - tail.length);
  return tail.startsWith(')') && bare.includes('(') ? `${bare})` : bare;
}
