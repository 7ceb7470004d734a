import type { Mark, Message } from '../state/index.ts';
import { text } from './text.ts';
import { useApp, useSelect } from './useApp.ts';

interface ReactionsProps {
  message: Message;
  mark: Mark;
}

/** The reactions to a message; one's own are pressed, and each can be joined or taken back. */
export function Reactions({ message, mark }: ReactionsProps) {
  const app = useApp();
  const reactions = message.Reactions ?? [];
  if (reactions.length === 0) return null;
  return (
    <ul className="reactions" aria-label={text.timeline.reactions} data-testid="reactions">
      {reactions
        .filter(({ Count }) => Count > 0)
        .map(({ Emoji, Count, Users }) => {
          const isOwn = mark.reactions.includes(Emoji);
          return (
            <li key={Emoji}>
              <button
                type="button"
                className="reaction"
                aria-pressed={isOwn}
                aria-label={text.timeline.reacted(Emoji, Count, isOwn)}
                data-testid="reaction"
                data-emoji={Emoji}
                onClick={() => {
                  void app.messages.react(message, Emoji);
                }}
              >
                <span aria-hidden="true">{Emoji}</span>
                <span className="reaction-count" aria-hidden="true">
                  {Count}
                </span>
                <Who uuids={Users} count={Count} />
              </button>
            </li>
          );
        })}
    </ul>
  );
}

/** Who reacted, for whoever points at it. */
function Who({ uuids, count }: { uuids: readonly string[]; count: number }) {
  const told = useSelect((state) => {
    const names = uuids.map((uuid) =>
      uuid === state.me?.userUUID ? text.timeline.you : (state.people[uuid]?.name ?? text.timeline.someone),
    );
    return text.timeline.reactedBy(names, count - uuids.length);
  });
  return (
    <span className="tip" role="presentation" aria-hidden="true">
      {told}
    </span>
  );
}
