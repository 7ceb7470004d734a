import { useState, type SubmitEvent } from 'react';
import { Dialog } from '../Dialog.tsx';
import { Icon } from '../Icon.tsx';
import { text } from '../text.ts';
import { useApp, useSelect } from '../useApp.ts';
import { Choice, Problem } from './Parts.tsx';

const FEWEST_OPTIONS = 2;
const MOST_OPTIONS = 10;
const OPTION_CHARACTERS = 200;

/** Makes a poll; the question is its message. */
export default function PollDialog({ onClose }: { onClose: () => void }) {
  const app = useApp();
  const room = useSelect((state) => state.active);
  const limit = useSelect((state) => state.server?.messageCharacters ?? 4_000);
  const [question, setQuestion] = useState('');
  const [options, setOptions] = useState<readonly string[]>(['', '']);
  const [isMultiple, setMultiple] = useState(false);
  const [isAnonymous, setAnonymous] = useState(false);
  const [closes, setCloses] = useState('never');
  const [problem, setProblem] = useState<string | null>(null);

  const submit = (event: SubmitEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const filled = options.map((option) => option.trim()).filter((option) => option !== '');
    if (question.trim() === '') setProblem(text.poll.needQuestion);
    else if (filled.length < FEWEST_OPTIONS || new Set(filled).size < filled.length) setProblem(text.poll.needOptions);
    else {
      app.sendPoll(room, question.trim(), {
        options: filled,
        multiple: isMultiple,
        anonymous: isAnonymous,
        ...(closes === 'never' ? {} : { closesInSeconds: Number(closes) }),
      });
      onClose();
    }
  };

  return (
    <Dialog title={text.poll.title} testId="poll-dialog" onClose={onClose}>
      <form className="form form-scroll" onSubmit={submit} noValidate>
        <label className="field">
          <span>{text.poll.question}</span>
          <input
            data-autofocus
            value={question}
            maxLength={limit}
            placeholder={text.poll.questionHint}
            data-testid="poll-question"
            onChange={(event) => {
              setQuestion(event.target.value);
            }}
          />
        </label>
        <ol className="poll-fields">
          {options.map((option, index) => (
            <li key={index} className="inline-form">
              <input
                value={option}
                maxLength={OPTION_CHARACTERS}
                placeholder={text.poll.option(index + 1)}
                aria-label={text.poll.option(index + 1)}
                data-testid="poll-option-field"
                onChange={(event) => {
                  setOptions(options.map((other, at) => (at === index ? event.target.value : other)));
                }}
              />
              {options.length > FEWEST_OPTIONS && (
                <button
                  type="button"
                  className="icon-button"
                  aria-label={text.poll.removeOption(index + 1)}
                  onClick={() => {
                    setOptions(options.filter((_, at) => at !== index));
                  }}
                >
                  <Icon name="close" />
                </button>
              )}
            </li>
          ))}
        </ol>
        {options.length < MOST_OPTIONS && (
          <button
            type="button"
            className="button button-quiet button-start"
            data-testid="add-option"
            onClick={() => {
              setOptions([...options, '']);
            }}
          >
            <Icon name="plus" />
            {text.poll.addOption}
          </button>
        )}
        <label className="check">
          <input
            type="checkbox"
            checked={isMultiple}
            data-testid="poll-multiple"
            onChange={(event) => {
              setMultiple(event.target.checked);
            }}
          />
          <span>{text.poll.multiple}</span>
        </label>
        <label className="check">
          <input
            type="checkbox"
            checked={isAnonymous}
            data-testid="poll-anonymous"
            onChange={(event) => {
              setAnonymous(event.target.checked);
            }}
          />
          <span>{text.poll.anonymous}</span>
        </label>
        <Choice label={text.poll.closes} value={closes} options={text.poll.closesIn} testId="poll-closes" onChange={setCloses} />
        <Problem error={problem} />
        <div className="dialog-actions">
          <button type="submit" className="button button-primary" data-testid="send-poll">
            {text.poll.create}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
