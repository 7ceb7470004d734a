import { Chat } from './Chat.tsx';
import { SignIn } from './SignIn.tsx';
import { useSelect } from './useApp.ts';

export function Page() {
  const me = useSelect((state) => state.me);
  return me === null ? <SignIn /> : <Chat key={me.userUUID} />;
}
