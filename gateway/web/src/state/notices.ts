/** What is told in passing. */

import type { AppState, Notice } from './model.ts';

export function notice(state: AppState, told: { text: string } & Partial<Omit<Notice, 'id'>>): AppState {
  const id = state.noticeCount + 1;
  return { ...state, notices: [...state.notices, { id, kind: 'text', room: null, reason: null, ...told }], noticeCount: id };
}

/** Tells of something that was refused. */
export function refusal(state: AppState, { error: text, reason = null }: { error: string; reason?: string | undefined | null }): AppState {
  return notice(state, { text, reason });
}
