import { Mishap, PageMishap } from './Mishap.tsx';
import { Chat } from './Chat.tsx';
import { SignIn } from './SignIn.tsx';
import { useLanguage } from './text.ts';
import { useSelect } from './useApp.ts';

export function Page() {
  // Another language draws everything anew.
  useLanguage();
  const me = useSelect((state) => state.me);
  return <Mishap fallback={<PageMishap />}>{me === null ? <SignIn /> : <Chat key={me.userUUID} />}</Mishap>;
}
