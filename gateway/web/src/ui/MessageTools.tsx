import { mayModerate, roomOf, type Message } from '../state/index.ts';
import { useDialogs } from './dialogs.ts';
import { Icon, type IconName } from './Icon.tsx';
import { text } from './text.ts';
import { useApp, useSelect } from './useApp.ts';

/** One click away; every other emoji is two. */
const QUICK = ['👍', '❤️', '😂'] as const;

interface MessageToolsProps {
  message: Message;
  isOwn: boolean;
}

/** What can be done with the message that is pointed at, focused or touched. */
export function MessageTools({ message, isOwn }: MessageToolsProps) {
  const app = useApp();
  const open = useDialogs();
  const room = useSelect((state) => state.rooms[roomOf(message)]);
  const isModerator = useSelect((state) => mayModerate(state, state.rooms[roomOf(message)]));
  if (room?.phase !== 'joined' || message.Deleted === true) return null;
  return (
    <div className="tools" role="toolbar" aria-label={text.timeline.tools} data-testid="tools">
      {QUICK.map((emoji) => (
        <button
          key={emoji}
          type="button"
          className="tool tool-quick"
          aria-label={text.timeline.reactWith(emoji)}
          onClick={() => {
            void app.messages.react(message, emoji);
          }}
        >
          {emoji}
        </button>
      ))}
      <Tool
        icon="smile"
        label={text.timeline.react}
        testId="tool-react"
        onClick={() => {
          open({
            kind: 'emoji',
            onPick: (emoji) => {
              void app.messages.react(message, emoji);
            },
          });
        }}
      />
      <Tool
        icon="reply"
        label={text.timeline.reply}
        testId="tool-reply"
        onClick={() => {
          app.messages.reply(message);
        }}
      />
      {isOwn && message.Poll === undefined && (
        <Tool
          icon="pencil"
          label={text.timeline.edit}
          testId="tool-edit"
          onClick={() => {
            app.messages.beginEdit(message);
          }}
        />
      )}
      {(isOwn || isModerator) && (
        <Tool
          icon="trash"
          label={text.timeline.delete}
          testId="tool-delete"
          onClick={() => {
            open({ kind: 'delete', message });
          }}
        />
      )}
      {!isOwn && (
        <Tool
          icon="flag"
          label={text.timeline.report}
          testId="tool-report"
          onClick={() => {
            open({ kind: 'report', message });
          }}
        />
      )}
    </div>
  );
}

interface ToolProps {
  icon: IconName;
  label: string;
  testId: string;
  onClick: () => void;
}

function Tool({ icon, label, testId, onClick }: ToolProps) {
  return (
    <button type="button" className="tool" aria-label={label} title={label} data-testid={testId} onClick={onClick}>
      <Icon name={icon} />
    </button>
  );
}
