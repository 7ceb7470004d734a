import { useCallback, useState } from 'react';
import { isAdmin, isSiteModerator, mayModerate, mayOwn, type RoomBan, type RoomDetails, type RoomKey, type Settings } from '../../state/index.ts';
import { Avatar } from '../Avatar.tsx';
import { Dialog } from '../Dialog.tsx';
import { useDialogs } from '../dialogs.ts';
import { shortTime } from '../grouping.ts';
import { text } from '../text.ts';
import { useApp, useSelect } from '../useApp.ts';
import { useAsk, useDo } from '../useAsk.ts';
import { useRoomTitle } from '../useRoomTitle.ts';
import { Loaded, Problem, TabPanel, Tabs } from './Parts.tsx';
import { RoomPeople } from './RoomPeople.tsx';
import { SettingsForm } from './SettingsForm.tsx';

type Tab = 'about' | 'people' | 'settings' | 'bans';

interface RoomDialogProps {
  room: RoomKey;
  tab: Tab;
  onClose: () => void;
  onOpened: () => void;
}

/** What a room is, who is in it, and for those who may, its settings and bans. */
export default function RoomDialog({ room, tab: first, onClose, onOpened }: RoomDialogProps) {
  const title = useRoomTitle(room);
  const isModerator = useSelect((state) => mayModerate(state, state.rooms[room]));
  const isOwner = useSelect((state) => mayOwn(state, state.rooms[room]));
  const [chosen, setTab] = useState<Tab>(first);
  const tabs: { id: Tab; label: string }[] = [
    { id: 'about', label: text.dialogs.details.about },
    { id: 'people', label: text.dialogs.details.people },
    ...(isOwner ? [{ id: 'settings' as const, label: text.dialogs.details.settings }] : []),
    ...(isModerator ? [{ id: 'bans' as const, label: text.dialogs.details.bans }] : []),
  ];
  // Somebody may lose the role while it is open.
  const tab = tabs.some(({ id }) => id === chosen) ? chosen : 'about';
  return (
    <Dialog title={title} testId="room-dialog" onClose={onClose}>
      <Tabs label={title} tabs={tabs} current={tab} onChoose={setTab} />
      <TabPanel tab={tab}>
        {tab === 'about' && <About room={room} />}
        {tab === 'people' && <RoomPeople room={room} onOpened={onOpened} />}
        {tab === 'settings' && <RoomSettings room={room} />}
        {tab === 'bans' && <Bans room={room} />}
      </TabPanel>
    </Dialog>
  );
}

function useDetails(room: RoomKey) {
  const app = useApp();
  return useAsk(useCallback(() => app.moderation.info(room), [app, room]));
}

function About({ room }: { room: RoomKey }) {
  const { asked, again } = useDetails(room);
  const open = useDialogs();
  const maySeeAudit = useSelect((state) => isAdmin(state) || isSiteModerator(state));
  return (
    <>
      <Loaded asked={asked} again={again}>
        {(details) => <Facts details={details} room={room} />}
      </Loaded>
      {maySeeAudit && (
        <button
          type="button"
          className="button button-quiet button-start"
          data-testid="open-audit"
          onClick={() => {
            open({ kind: 'audit' });
          }}
        >
          {text.dialogs.profile.audit}
        </button>
      )}
    </>
  );
}

function Facts({ details, room }: { details: RoomDetails; room: RoomKey }) {
  const { topic = '', access = 'public', write = 'everyone', slowSeconds = 0, ownerUUID, role, members } = details;
  // What is changed meanwhile is told by the room itself.
  const current = useSelect((state) => state.rooms[room]?.topic ?? topic);
  const ownerName = useSelect((state) => (ownerUUID === undefined ? null : (state.people[ownerUUID]?.name ?? null)));
  return (
    <dl className="facts" data-testid="room-facts">
      <dt>{text.dialogs.details.topic}</dt>
      <dd dir="auto">{current === '' ? text.dialogs.details.noTopic : current}</dd>
      <dt>{text.dialogs.details.access}</dt>
      <dd>{text.dialogs.details.accessOf[access] ?? access}</dd>
      <dt>{text.dialogs.details.write}</dt>
      <dd>{text.dialogs.details.writeOf[write] ?? write}</dd>
      {slowSeconds > 0 && (
        <>
          <dt>{text.dialogs.details.slow}</dt>
          <dd>{text.dialogs.details.slowOf(slowSeconds)}</dd>
        </>
      )}
      {ownerName !== null && (
        <>
          <dt>{text.dialogs.details.owner}</dt>
          <dd dir="auto">{ownerName}</dd>
        </>
      )}
      {role !== undefined && (
        <>
          <dt>{text.dialogs.details.yourRole}</dt>
          <dd>{text.roles[role] ?? role}</dd>
        </>
      )}
      {members > 0 && (
        <>
          <dt>{text.dialogs.details.people}</dt>
          <dd>{text.dialogs.details.membersCount(members)}</dd>
        </>
      )}
    </dl>
  );
}

function RoomSettings({ room }: { room: RoomKey }) {
  const app = useApp();
  const { asked, again } = useDetails(room);
  const saving = useDo();
  const closing = useDo();
  const isClosed = useSelect((state) => state.rooms[room]?.settings.closed === true);
  const save = (changed: Settings): void => {
    saving.run(() => app.moderation.update(room, changed), again);
  };
  return (
    <Loaded asked={asked} again={again}>
      {(details) => (
        <>
          <SettingsForm
            settings={settingsOf(details)}
            submit={text.dialogs.details.save}
            isBusy={saving.isBusy}
            error={saving.error}
            isDone={saving.isDone}
            onSubmit={save}
          />
          {room !== 'general' && (
            <div className="danger-zone">
              <p className="hint">{isClosed ? text.dialogs.details.closed : text.dialogs.details.closeWords}</p>
              <button
                type="button"
                className={isClosed ? 'button button-primary' : 'button button-danger'}
                disabled={closing.isBusy}
                data-testid={isClosed ? 'reopen-room' : 'close-room'}
                onClick={() => {
                  closing.run(() => (isClosed ? app.moderation.reopen(room) : app.moderation.close(room)));
                }}
              >
                {isClosed ? text.dialogs.details.reopen : text.dialogs.details.close}
              </button>
              <Problem error={closing.error} />
            </div>
          )}
        </>
      )}
    </Loaded>
  );
}

function settingsOf(details: RoomDetails): Settings {
  const { access = 'public', write = 'everyone', slowSeconds = 0, topic = '', historyMessages = 0, historySeconds = 0 } = details;
  return { access, write, slowSeconds, topic, historyMessages, historySeconds };
}

function Bans({ room }: { room: RoomKey }) {
  const app = useApp();
  const { asked, again } = useAsk(useCallback(() => app.moderation.bans(room), [app, room]));
  const { error, run } = useDo();
  return (
    <Loaded asked={asked} again={again}>
      {(bans) => (
        <>
          <Problem error={error} />
          {bans.length === 0 ? (
            <p className="list-empty">{text.dialogs.details.noBans}</p>
          ) : (
            <ul className="list list-tall">
              {bans.map((ban) => (
                <BanRow
                  key={ban.user.UUID}
                  ban={ban}
                  onLift={() => {
                    run(() => app.moderation.unban(room, ban.user.UUID), again);
                  }}
                />
              ))}
            </ul>
          )}
        </>
      )}
    </Loaded>
  );
}

function BanRow({ ban, onLift }: { ban: RoomBan; onLift: () => void }) {
  const { user, until, reason, byUUID } = ban;
  const by = useSelect((state) => (byUUID === undefined ? null : (state.people[byUUID]?.name ?? null)));
  const name = user.DisplayName ?? user.Username;
  const facts = [
    text.dialogs.details.bannedUntil(until === undefined ? null : shortTime(new Date(until))),
    ...(by === null ? [] : [text.dialogs.details.bannedBy(by)]),
    ...(reason === undefined || reason === '' ? [] : [reason]),
  ];
  return (
    <li className="row row-static" data-testid="ban-row" data-name={user.Username}>
      <Avatar id={user.UUID} name={name} size="small" />
      <span className="row-lines">
        <span className="row-name" dir="auto">
          {name}
        </span>
        <span className="row-sub" dir="auto">
          {facts.join(' · ')}
        </span>
      </span>
      <button type="button" className="button button-quiet" data-testid="unban" onClick={onLift}>
        {text.dialogs.details.unban}
      </button>
    </li>
  );
}
