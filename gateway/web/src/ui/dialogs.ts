import { createContext, useContext } from 'react';
import type { Message, RoomKey } from '../state/index.ts';

/** The dialogs of the page; one at a time, each loaded when it is first asked for. */
export type DialogName =
  | { readonly kind: 'rooms' }
  | { readonly kind: 'switcher' }
  | { readonly kind: 'createRoom'; readonly name: string }
  | { readonly kind: 'room'; readonly room: RoomKey; readonly tab?: 'about' | 'people' | 'settings' | 'bans' }
  | { readonly kind: 'people' }
  | { readonly kind: 'person'; readonly uuid: string }
  | { readonly kind: 'profile' }
  | { readonly kind: 'audit' }
  | { readonly kind: 'poll' }
  | { readonly kind: 'emoji'; readonly onPick: (emoji: string) => void }
  | { readonly kind: 'photos'; readonly room: RoomKey; readonly uuid: string }
  | { readonly kind: 'delete'; readonly message: Message }
  | { readonly kind: 'report'; readonly message: Message }
  | { readonly kind: 'closePoll'; readonly message: Message };

export type OpenDialog = (dialog: DialogName | null) => void;

export const DialogContext = createContext<OpenDialog>(() => undefined);

export function useDialogs(): OpenDialog {
  return useContext(DialogContext);
}
