import { useState, type SubmitEvent } from 'react';
import { Dialog } from '../Dialog.tsx';
import { Problem } from './Parts.tsx';
import { text } from '../text.ts';

/** What the gateway takes. */
const MOST_BYTES = 32;

const GROUPS = {
  smileys: ['😀', '😅', '😂', '🙂', '😉', '😊', '😍', '🤗', '🤔', '😐', '🙄', '😬', '😴', '😎', '😢', '😭', '😮', '😱', '😡', '🥳'],
  hands: ['👍', '👎', '👌', '✌️', '🤞', '👋', '👏', '🙌', '🙏', '💪', '🤝', '👀'],
  things: ['🎉', '🔥', '⭐', '💡', '🚀', '☕', '🍞', '🍕', '🎂', '🌱', '🐛', '🎵', '📌', '📷', '🏠', '⏰'],
  signs: ['❤️', '💚', '💔', '✅', '❌', '❓', '❗', '💯', '➕', '➖', '🔔', '💬'],
} as const;

/** Whether a text is one emoji: a single sign for the eye, however many it is made of. */
export function isOneEmoji(words: string): boolean {
  const signs = [...new Intl.Segmenter('en', { granularity: 'grapheme' }).segment(words)];
  return signs.length === 1 && new TextEncoder().encode(words).length <= MOST_BYTES && !/\s/u.test(words);
}

interface EmojiDialogProps {
  onPick: (emoji: string) => void;
  onClose: () => void;
}

/** A small set, and any other one by typing. */
export default function EmojiDialog({ onPick, onClose }: EmojiDialogProps) {
  const [typed, setTyped] = useState('');
  const [isBad, setBad] = useState(false);
  const pick = (emoji: string): void => {
    onClose();
    onPick(emoji);
  };
  const submit = (event: SubmitEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const words = typed.trim();
    if (isOneEmoji(words)) pick(words);
    else setBad(true);
  };
  return (
    <Dialog title={text.dialogs.emoji.title} testId="emoji-dialog" onClose={onClose}>
      <div className="emoji-groups">
        {(Object.keys(GROUPS) as (keyof typeof GROUPS)[]).map((group) => (
          <section key={group} aria-label={text.dialogs.emoji.groups[group]}>
            <ul className="emoji-grid">
              {GROUPS[group].map((emoji) => (
                <li key={emoji}>
                  <button
                    type="button"
                    className="emoji-button"
                    data-testid="emoji"
                    onClick={() => {
                      pick(emoji);
                    }}
                  >
                    {emoji}
                  </button>
                </li>
              ))}
            </ul>
          </section>
        ))}
      </div>
      <form className="inline-form" onSubmit={submit}>
        <input
          value={typed}
          placeholder={text.dialogs.emoji.label}
          aria-label={text.dialogs.emoji.label}
          aria-invalid={isBad}
          data-testid="emoji-input"
          onChange={(event) => {
            setTyped(event.target.value);
            setBad(false);
          }}
        />
        <button type="submit" className="button button-primary" disabled={typed.trim() === ''}>
          {text.dialogs.emoji.add}
        </button>
      </form>
      <Problem error={isBad ? text.dialogs.emoji.bad : null} />
    </Dialog>
  );
}
