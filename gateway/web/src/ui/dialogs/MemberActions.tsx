import { useState, type SubmitEvent } from 'react';
import { mayModerate, mayOwn, type RoomKey } from '../../state/index.ts';
import { useDialogs } from '../dialogs.ts';
import { useApp, useSelect } from '../useApp.ts';
import { useDo } from '../useAsk.ts';
import { Choice, Problem } from './Parts.tsx';
import type { Listed } from './RoomPeople.tsx';
import { text } from '../text.ts';

interface MemberActionsProps {
  room: RoomKey;
  person: Listed;
  onChanged: () => void;
  onOpened: () => void;
}

type Measure = 'mute' | 'kick' | 'ban';

/** What may be done with somebody in a room. */
export function MemberActions({ room, person, onChanged, onOpened }: MemberActionsProps) {
  const app = useApp();
  const open = useDialogs();
  const isModerator = useSelect((state) => mayModerate(state, state.rooms[room]));
  const isOwner = useSelect((state) => mayOwn(state, state.rooms[room]));
  const [measure, setMeasure] = useState<Measure | null>(null);
  const { isBusy, error, run } = useDo();
  const appoint = (role: string): void => {
    run(() => app.moderation.appoint(room, person.uuid, role), onChanged);
  };

  if (measure !== null) {
    return (
      <MeasureForm
        room={room}
        person={person}
        measure={measure}
        onDone={onChanged}
        onCancel={() => {
          setMeasure(null);
        }}
      />
    );
  }
  return (
    <div className="actions" role="group" aria-label={text.dialogs.details.actionsOf(person.name)}>
      <Action
        label={text.dialogs.details.write1}
        testId="action-write"
        onClick={() => {
          app.openPrivate(person.uuid);
          onOpened();
        }}
      />
      <Action
        label={text.dialogs.details.profile}
        testId="action-profile"
        onClick={() => {
          open({ kind: 'person', uuid: person.uuid });
        }}
      />
      {isOwner && person.role !== 'moderator' && (
        <Action label={text.dialogs.details.makeModerator} testId="action-moderator" isDisabled={isBusy} onClick={() => { appoint('moderator'); }} />
      )}
      {isOwner && person.role !== 'member' && (
        <Action label={text.dialogs.details.makeMember} testId="action-member" isDisabled={isBusy} onClick={() => { appoint('member'); }} />
      )}
      {isOwner && person.role !== null && person.role !== 'owner' && (
        <Action label={text.dialogs.details.takeRole} testId="action-none" isDisabled={isBusy} onClick={() => { appoint('none'); }} />
      )}
      {isModerator && (
        <>
          {person.mutedUntil === null ? (
            <Action label={text.dialogs.details.mute} testId="action-mute" onClick={() => { setMeasure('mute'); }} />
          ) : (
            <Action
              label={text.dialogs.details.unmute}
              testId="action-unmute"
              isDisabled={isBusy}
              onClick={() => {
                run(() => app.moderation.unmute(room, person.uuid), onChanged);
              }}
            />
          )}
          {person.isHere && <Action label={text.dialogs.details.kick} testId="action-kick" onClick={() => { setMeasure('kick'); }} />}
          <Action label={text.dialogs.details.ban} testId="action-ban" isDanger onClick={() => { setMeasure('ban'); }} />
        </>
      )}
      <Problem error={error} />
    </div>
  );
}

interface ActionProps {
  label: string;
  testId: string;
  isDisabled?: boolean;
  isDanger?: boolean;
  onClick: () => void;
}

export function Action({ label, testId, isDisabled = false, isDanger = false, onClick }: ActionProps) {
  return (
    <button
      type="button"
      className={isDanger ? 'action action-danger' : 'action'}
      disabled={isDisabled}
      data-testid={testId}
      onClick={onClick}
    >
      {label}
    </button>
  );
}

interface MeasureFormProps {
  room: RoomKey;
  person: Listed;
  measure: Measure;
  onDone: () => void;
  onCancel: () => void;
}

/** How long, and why. */
function MeasureForm({ room, person, measure, onDone, onCancel }: MeasureFormProps) {
  const app = useApp();
  const { isBusy, error, run } = useDo();
  const [span, setSpan] = useState(measure === 'mute' ? '300' : '86400');
  const [reason, setReason] = useState('');
  const seconds = span === 'forever' ? null : Number(span);
  const titles = { mute: text.dialogs.details.muteTitle, kick: text.dialogs.details.kickTitle, ban: text.dialogs.details.banTitle };

  const submit = (event: SubmitEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const { uuid } = person;
    run(() => {
      switch (measure) {
        case 'mute':
          return app.moderation.mute(room, uuid, seconds, reason);
        case 'kick':
          return app.moderation.kick(room, uuid, reason);
        case 'ban':
          return app.moderation.ban(room, uuid, seconds, reason);
      }
    }, onDone);
  };

  return (
    <form className="form measure" onSubmit={submit} data-testid="measure" aria-label={titles[measure](person.name)}>
      <h3>{titles[measure](person.name)}</h3>
      {measure !== 'kick' && (
        <Choice label={text.dialogs.details.forHowLong} value={span} options={text.dialogs.details.spans} testId="measure-span" onChange={setSpan} />
      )}
      <label className="field">
        <span>{text.dialogs.details.reason}</span>
        <input
          autoFocus
          value={reason}
          maxLength={250}
          data-testid="measure-reason"
          onChange={(event) => {
            setReason(event.target.value);
          }}
        />
      </label>
      <Problem error={error} />
      <div className="dialog-actions">
        <button type="button" className="button button-quiet" onClick={onCancel}>
          {text.dialogs.confirm.cancel}
        </button>
        <button type="submit" className="button button-danger" disabled={isBusy} data-testid="measure-submit">
          {text.dialogs.details[measure]}
        </button>
      </div>
    </form>
  );
}
