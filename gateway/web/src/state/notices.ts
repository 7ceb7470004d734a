/** What is told in passing. */

import type { RoomKey } from '../protocol/index.ts';
import type { AppState, Notice } from './model.ts';

export function notice(state: AppState, text: string, room: RoomKey | null = null, kind: Notice['kind'] = 'text'): AppState {
  const id = state.noticeCount + 1;
  return { ...state, notices: [...state.notices, { id, kind, text, room }], noticeCount: id };
}
