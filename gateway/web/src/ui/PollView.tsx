import type { Mark, Message, Poll, Results } from '../state/index.ts';
import { mayModerate, roomOf } from '../state/index.ts';
import { useDialogs } from './dialogs.ts';
import { shortTime } from './grouping.ts';
import { Icon } from './Icon.tsx';
import { text } from './text.ts';
import { useApp, useSelect } from './useApp.ts';
import { useSecondsUntil } from './useNow.ts';

interface PollViewProps {
  message: Message;
  poll: Poll;
  mark: Mark;
  isOwn: boolean;
}

const NO_RESULTS: Results = { Counts: [], Voters: 0, Closed: false };

/** A poll with its result, live; a click on an option votes, another takes the vote back. */
export function PollView({ message, poll, mark, isOwn }: PollViewProps) {
  const app = useApp();
  const open = useDialogs();
  const results = message.Results ?? NO_RESULTS;
  const closesAt = poll.ClosesAt === undefined ? null : Date.parse(poll.ClosesAt);
  const left = useSecondsUntil(results.Closed ? null : closesAt);
  const isClosed = results.Closed || (closesAt !== null && left === 0);
  const mayClose = useSelect((state) => isOwn || mayModerate(state, state.rooms[roomOf(message)]));
  const most = Math.max(1, ...results.Counts);

  const end = isClosed ? text.poll.closed : closesAt === null ? null : text.poll.closesAt(shortTime(new Date(closesAt)));

  const choose = (index: number): void => {
    const has = mark.vote.includes(index);
    const others = poll.Multiple ? mark.vote.filter((other) => other !== index) : [];
    void app.messages.vote(message, has ? others : [...others, index]);
  };

  return (
    <div
      className="poll"
      role="group"
      aria-label={text.poll.label(message.Message)}
      data-testid="poll"
      data-closed={isClosed}
    >
      <p className="poll-kind">{text.poll.kind(poll.Multiple, poll.Anonymous)}</p>
      <ul className="poll-options">
        {poll.Options.map((option, index) => {
          const count = results.Counts[index] ?? 0;
          const share = results.Voters === 0 ? 0 : count / results.Voters;
          const isChosen = mark.vote.includes(index);
          const isWinner = isClosed && count > 0 && count === most;
          return (
            <li key={index}>
              <button
                type="button"
                className={isWinner ? 'poll-option poll-winner' : 'poll-option'}
                role={poll.Multiple ? 'checkbox' : 'radio'}
                aria-checked={isChosen}
                disabled={isClosed}
                data-testid="poll-option"
                data-index={index}
                onClick={() => {
                  choose(index);
                }}
              >
                <span className={poll.Multiple ? 'poll-box poll-box-square' : 'poll-box'} aria-hidden="true">
                  {isChosen && <Icon name="check" />}
                </span>
                <span className="poll-text" dir="auto">
                  {option}
                </span>
                <span className="poll-count" aria-hidden="true" data-testid="poll-count">
                  {count}
                </span>
                <span className="visually-hidden">
                  {text.poll.share(count, Math.round(share * 100))}
                  {isWinner && `, ${text.poll.winner}`}
                </span>
                <progress className="poll-bar" max={100} value={Math.round(share * 100)} aria-hidden="true" />
                {!poll.Anonymous && <Voters uuids={results.Who?.[index] ?? []} count={count} />}
              </button>
            </li>
          );
        })}
      </ul>
      <div className="poll-foot">
        <span data-testid="poll-votes">
          {[text.poll.votes(results.Voters), end].filter((it) => it !== null).join(' · ')}
        </span>
        {!isClosed && mark.vote.length > 0 && (
          <button
            type="button"
            className="link-button"
            data-testid="poll-withdraw"
            onClick={() => {
              void app.messages.vote(message, []);
            }}
          >
            {text.poll.withdraw}
          </button>
        )}
        {!isClosed && mayClose && (
          <button
            type="button"
            className="link-button"
            data-testid="poll-close"
            onClick={() => {
              open({ kind: 'closePoll', message });
            }}
          >
            {text.poll.close}
          </button>
        )}
      </div>
    </div>
  );
}

function Voters({ uuids, count }: { uuids: readonly string[]; count: number }) {
  const names = useSelect((state) =>
    uuids.length === 0
      ? ''
      : text.timeline.reactedBy(
          uuids.map((uuid) =>
            uuid === state.me?.userUUID ? text.timeline.you : (state.people[uuid]?.name ?? text.timeline.someone),
          ),
          count - uuids.length,
        ),
  );
  return names === '' ? null : <span className="tip" aria-hidden="true">{names}</span>;
}
