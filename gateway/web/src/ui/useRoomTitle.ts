import { addressOf, type AppState, type RoomKey } from '../state/index.ts';
import { text } from './text.ts';
import { useSelect } from './useApp.ts';

export function titleOf(state: Pick<AppState, 'people'>, key: RoomKey): string {
  const address = addressOf(key);
  switch (address.kind) {
    case 'general':
      return text.general;
    case 'named':
      return address.name;
    case 'private':
      return state.people[address.userUUID]?.name ?? text.room.unknownPerson;
  }
}

export function useRoomTitle(key: RoomKey): string {
  return useSelect((state) => titleOf(state, key));
}
