/** Which messages of a timeline stand together, and where a day begins. */

import type { Message } from '../state/index.ts';
import { locale } from './text.ts';

/** Messages of one sender within this time share a head. */
const GROUP_MS = 5 * 60_000;

export interface MessageItem {
  kind: 'message';
  key: string;
  message: Message;
  at: Date;
  /** First and last of a group. */
  isFirst: boolean;
  isLast: boolean;
}

export type Item = { kind: 'day'; key: string; date: Date } | { kind: 'marker'; key: string } | MessageItem;

/**
 * The timeline's rows. `marker` is the last `Seq` read; the line "new" goes behind it, unless what
 * comes behind it may be further up: before `messages`, where `hasBefore` says that there are some.
 */
export function itemsOf(messages: readonly Message[], marker: number | null, hasBefore: boolean): Item[] {
  const items: Item[] = [];
  let previous: MessageItem | null = null;
  for (const message of messages) {
    const at = new Date(message.CreatedAt);
    const isNewDay = previous === null || !isSameDay(previous.at, at);
    if (isNewDay) items.push({ kind: 'day', key: `day-${message.Seq}`, date: at });
    const isMarked = marker !== null && message.Seq > marker && followsRead(previous, message, marker, hasBefore);
    if (isMarked) items.push({ kind: 'marker', key: 'marker' });
    const isFirst = isNewDay || isMarked || !continues(previous, message, at);
    if (previous !== null && !isFirst) previous.isLast = false;
    const item: MessageItem = { kind: 'message', key: message.UUID, message, at, isFirst, isLast: true };
    items.push(item);
    previous = item;
  }
  return items;
}

function followsRead(previous: MessageItem | null, message: Message, marker: number, hasBefore: boolean): boolean {
  if (previous !== null) return previous.message.Seq <= marker;
  return !hasBefore || message.Seq === marker + 1;
}

function continues(previous: { message: Message; at: Date } | null, message: Message, at: Date): boolean {
  return (
    previous?.message.SenderUUID === message.SenderUUID && at.getTime() - previous.at.getTime() < GROUP_MS
  );
}

export function isSameDay(a: Date, b: Date): boolean {
  return a.getFullYear() === b.getFullYear() && a.getMonth() === b.getMonth() && a.getDate() === b.getDate();
}

/** The words for a day: today, yesterday, a weekday, or the date. */
export function dayName(date: Date, now: Date, words: { today: string; yesterday: string }): string {
  if (isSameDay(date, now)) return words.today;
  const yesterday = new Date(now.getFullYear(), now.getMonth(), now.getDate() - 1);
  if (isSameDay(date, yesterday)) return words.yesterday;
  const isThisYear = date.getFullYear() === now.getFullYear();
  return date.toLocaleDateString(locale, {
    weekday: 'long',
    day: 'numeric',
    month: 'long',
    ...(isThisYear ? {} : { year: 'numeric' }),
  });
}

/** A moment in few words: the time today, otherwise the day with it. */
export function shortTime(date: Date, now = new Date()): string {
  return isSameDay(date, now)
    ? clockTime(date)
    : date.toLocaleString(locale, {
        day: 'numeric',
        month: 'short',
        hour: '2-digit',
        minute: '2-digit',
        ...(date.getFullYear() === now.getFullYear() ? {} : { year: 'numeric' }),
      });
}

/** A moment in a word, where there is no place for more: the time today, a weekday, or the date. */
export function briefTime(date: Date, now: Date): string {
  if (isSameDay(date, now)) return clockTime(date);
  const weekAgo = new Date(now.getFullYear(), now.getMonth(), now.getDate() - 6);
  if (date >= weekAgo && date < now) return date.toLocaleDateString(locale, { weekday: 'short' });
  const isThisYear = date.getFullYear() === now.getFullYear();
  return date.toLocaleDateString(locale, isThisYear ? { day: 'numeric', month: 'short' } : { month: 'short', year: 'numeric' });
}

export function clockTime(date: Date): string {
  return date.toLocaleTimeString(locale, { hour: '2-digit', minute: '2-digit' });
}
