import { activeRoom, type Typist } from '../state/index.ts';
import { text } from './text.ts';
import { useSelect } from './useApp.ts';

const NOBODY: readonly Typist[] = [];

/** Who is writing. Its place is always there, so that nothing moves when somebody is. */
export function TypingLine() {
  const typists = useSelect((state) => activeRoom(state)?.typists ?? NOBODY);
  return (
    <p className="typing" data-testid="typing" aria-live="off">
      {typists.length > 0 && (
        <>
          <span className="typing-dots" aria-hidden="true">
            <i />
            <i />
            <i />
          </span>
          <span>{wordsFor(typists)}</span>
        </>
      )}
    </p>
  );
}

function wordsFor(typists: readonly Typist[]): string {
  const [first, second, third] = typists;
  if (first === undefined) return '';
  if (second === undefined) return text.typing.one(first.name);
  return third === undefined ? text.typing.two(first.name, second.name) : text.typing.several;
}
