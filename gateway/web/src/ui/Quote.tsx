import type { Message, Quote } from '../state/index.ts';
import { text } from './text.ts';
import { useSelect } from './useApp.ts';

interface QuoteBlockProps {
  quote: Quote;
  /** The message itself, where it is loaded: what is deleted is not quoted any more. */
  original: Message | undefined;
  onJump: (seq: number) => void;
}

/** What a message answers. */
export function QuoteBlock({ quote, original, onJump }: QuoteBlockProps) {
  const name = useSelect((state) => state.people[quote.SenderUUID]?.name ?? quote.Sender);
  const isGone = original?.Deleted === true;
  const words = isGone ? '' : (original?.Message ?? quote.Message);
  const isPhoto = words === '' && original?.Photo !== undefined;
  return (
    <button
      type="button"
      className="quote"
      data-testid="quote"
      onClick={() => {
        onJump(quote.Seq);
      }}
    >
      <span className="visually-hidden">{text.timeline.inAnswer}</span>
      <span className="quote-name" dir="auto">
        {name}
      </span>
      <span className="quote-words" dir="auto">
        {isPhoto ? text.timeline.photo : words === '' ? text.timeline.quoteGone : words}
      </span>
    </button>
  );
}
