import { useCallback, useMemo, useState } from 'react';
import { mayModerate, type Person, type RoomKey, type RoomMember } from '../../state/index.ts';
import { Avatar } from '../Avatar.tsx';
import { shortTime } from '../grouping.ts';
import { Icon } from '../Icon.tsx';
import { text } from '../text.ts';
import { useApp, useSelect } from '../useApp.ts';
import { useAsk, useDo } from '../useAsk.ts';
import { MemberActions } from './MemberActions.tsx';
import { Loaded, Problem } from './Parts.tsx';
import { PeopleSearch } from './PeopleSearch.tsx';

/** One line of the list: somebody with a role, or somebody who is just here. */
export interface Listed {
  readonly uuid: string;
  readonly name: string;
  readonly username: string;
  readonly online: boolean;
  readonly isHere: boolean;
  readonly role: string | null;
  /** RFC 3339, or `forever`. */
  readonly mutedUntil: string | null;
}

const NOBODY: readonly string[] = [];

interface RoomPeopleProps {
  room: RoomKey;
  onOpened: () => void;
}

/** Who has a role in the room and who is in it now, and what may be done with them. */
export function RoomPeople({ room, onOpened }: RoomPeopleProps) {
  const app = useApp();
  const here = useSelect((state) => state.rooms[room]?.members ?? NOBODY);
  const total = useSelect((state) => state.rooms[room]?.membersTotal ?? 0);
  const people = useSelect((state) => state.people);
  const isModerator = useSelect((state) => mayModerate(state, state.rooms[room]));
  const { asked, again } = useAsk(useCallback(() => app.moderation.members(room), [app, room]));
  const inviting = useDo();
  const [isInviting, setInviting] = useState(false);
  const withRole = asked.state === 'ready' ? asked.value.members : null;
  const listed = useMemo(() => listOf(withRole ?? [], here, people), [withRole, here, people]);
  const unnamed = Math.max(0, total - here.length);

  return (
    <>
      {isModerator && (
        <button
          type="button"
          className="button button-quiet button-start"
          aria-expanded={isInviting}
          data-testid="invite"
          onClick={() => {
            setInviting(!isInviting);
          }}
        >
          <Icon name="plus" />
          {text.dialogs.details.invite}
        </button>
      )}
      {isInviting && (
        <PeopleSearch
          onPick={({ UUID, Username, DisplayName }) => {
            inviting.run(
              () => app.moderation.invite(room, UUID),
              () => {
                app.notice(text.dialogs.details.invited(DisplayName ?? Username));
                setInviting(false);
                again();
              },
            );
          }}
        />
      )}
      <Problem error={inviting.error} />
      <Loaded asked={asked} again={again}>
        {() => (
          <ul className="list list-tall">
            {listed.map((person) => (
              <PersonLine key={person.uuid} room={room} person={person} onChanged={again} onOpened={onOpened} />
            ))}
          </ul>
        )}
      </Loaded>
      {unnamed > 0 && <p className="hint">{text.room.membersMore(unnamed)}</p>}
    </>
  );
}

const RANKS: Record<string, number> = { owner: 0, moderator: 1, member: 2 };

function rank({ role }: Listed): number {
  return RANKS[role ?? ''] ?? 3;
}

/** The highest role first, then those who are here, then by name. */
function listOf(members: readonly RoomMember[], here: readonly string[], people: Readonly<Record<string, Person>>): Listed[] {
  const present = new Set(here);
  const withRole = members.map(({ user, role = null, mutedUntil = null }): Listed => {
    const known = people[user.UUID];
    return {
      uuid: user.UUID,
      name: known?.name ?? user.DisplayName ?? user.Username,
      username: user.Username,
      online: known?.online ?? user.OnLine ?? false,
      isHere: present.has(user.UUID),
      role,
      mutedUntil,
    };
  });
  const told = new Set(withRole.map(({ uuid }) => uuid));
  const others = here.flatMap((uuid): Listed[] => {
    const person = people[uuid];
    if (person === undefined || told.has(uuid)) return [];
    const { name, username, online } = person;
    return [{ uuid, name, username, online, isHere: true, role: null, mutedUntil: null }];
  });
  return [...withRole, ...others].sort(
    (a, b) => rank(a) - rank(b) || Number(b.isHere) - Number(a.isHere) || a.name.localeCompare(b.name),
  );
}

interface PersonLineProps {
  room: RoomKey;
  person: Listed;
  onChanged: () => void;
  onOpened: () => void;
}

function PersonLine({ room, person, onChanged, onOpened }: PersonLineProps) {
  const me = useSelect((state) => state.me?.userUUID);
  const [isOpen, setOpen] = useState(false);
  const isMe = person.uuid === me;
  return (
    <li className="person-line" data-testid="member" data-name={person.username} data-role={person.role ?? 'none'}>
      <div className="row row-static">
        <Avatar id={person.uuid} name={person.name} online={person.online} />
        <span className="row-lines">
          <span className="row-name" dir="auto">
            {person.name}
          </span>
          {person.mutedUntil !== null && (
            <span className="row-sub">
              {person.mutedUntil === 'forever'
                ? text.dialogs.details.mutedForGood
                : text.dialogs.details.mutedUntil(shortTime(new Date(person.mutedUntil)))}
            </span>
          )}
        </span>
        {isMe && <span className="row-note">{text.nav.you}</span>}
        {person.role !== null && <span className="chip">{text.roles[person.role] ?? person.role}</span>}
        {!isMe && (
          <button
            type="button"
            className="icon-button"
            aria-expanded={isOpen}
            aria-label={text.dialogs.details.actionsOf(person.name)}
            data-testid="member-actions"
            onClick={() => {
              setOpen(!isOpen);
            }}
          >
            <Icon name="more" />
          </button>
        )}
      </div>
      {isOpen && (
        <MemberActions
          room={room}
          person={person}
          onOpened={onOpened}
          onChanged={() => {
            setOpen(false);
            onChanged();
          }}
        />
      )}
    </li>
  );
}
