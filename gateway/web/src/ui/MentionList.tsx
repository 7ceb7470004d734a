import { Avatar } from './Avatar.tsx';
import { text } from './text.ts';
import { MENTION_LIST_ID, mentionOptionId, type Mentions } from './useMentions.ts';

/** Above the composer: who may be meant. The focus stays in the field. */
export function MentionList({ people, index, pick }: Pick<Mentions, 'people' | 'index' | 'pick'>) {
  return (
    <ul className="mention-list" id={MENTION_LIST_ID} role="listbox" aria-label={text.composer.mentions} data-testid="mention-list">
      {people.map((person, position) => (
        <li
          key={person.uuid}
          id={mentionOptionId(position)}
          className="mention-option"
          role="option"
          aria-selected={position === index}
          data-testid="mention-option"
          onPointerDown={(event) => {
            event.preventDefault();
            pick(person);
          }}
        >
          <Avatar id={person.uuid} name={person.name} size="small" online={person.online} />
          <span className="row-name" dir="auto">
            {person.name}
          </span>
          {person.name !== person.username && <span className="row-note">{person.username}</span>}
        </li>
      ))}
    </ul>
  );
}
