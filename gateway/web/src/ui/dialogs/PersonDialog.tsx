import { useCallback, useState, type SubmitEvent } from 'react';
import { isAdmin, isSiteModerator, type Profile } from '../../state/index.ts';
import { Avatar } from '../Avatar.tsx';
import { Dialog } from '../Dialog.tsx';
import { useDialogs } from '../dialogs.ts';
import { locale, text } from '../text.ts';
import { useApp, useSelect } from '../useApp.ts';
import { useAsk, useDo } from '../useAsk.ts';
import { Action } from './MemberActions.tsx';
import { Choice, Loaded, Problem, Success } from './Parts.tsx';

const SITE_ROLES = ['member', 'moderator', 'admin'] as const;

interface PersonDialogProps {
  uuid: string;
  onClose: () => void;
  onOpened: () => void;
}

/** Who somebody is; for site moderators and admins also what can be done with the account. */
export default function PersonDialog({ uuid, onClose, onOpened }: PersonDialogProps) {
  const app = useApp();
  const open = useDialogs();
  const name = useSelect((state) => state.people[uuid]?.name ?? text.room.unknownPerson);
  const isMe = useSelect((state) => state.me?.userUUID === uuid);
  const maySeeSite = useSelect((state) => isSiteModerator(state) && state.me?.userUUID !== uuid);
  const { asked, again } = useAsk(useCallback(() => app.account.profile(uuid), [app, uuid]));
  return (
    <Dialog title={name} testId="person-dialog" onClose={onClose}>
      <Loaded asked={asked} again={again}>
        {(profile) => (
          <div className="form-scroll">
            <Card profile={profile} />
            <div className="dialog-actions">
              <button
                type="button"
                className="button button-primary"
                data-autofocus
                data-testid="write-to"
                onClick={() => {
                  if (isMe) open({ kind: 'profile' });
                  else {
                    app.openPrivate(uuid);
                    onOpened();
                  }
                }}
              >
                {isMe ? text.dialogs.profile.mine : text.dialogs.details.write1}
              </button>
            </div>
            {maySeeSite && <SiteActions profile={profile} onChanged={again} />}
          </div>
        )}
      </Loaded>
    </Dialog>
  );
}

function Card({ profile: { user, role, online, createdAt } }: { profile: Profile }) {
  const name = user.DisplayName ?? user.Username;
  const since = new Date(createdAt);
  return (
    <div className="person-card">
      <Avatar id={user.UUID} name={name} size="large" online={online} />
      <div>
        <p className="person-name" dir="auto">
          {name}
        </p>
        <p className="hint">
          {[...(name === user.Username ? [] : [user.Username]), text.roles[role] ?? role, online ? text.nav.online : text.nav.offline].join(' · ')}
        </p>
        {!Number.isNaN(since.getTime()) && (
          <p className="hint">{text.dialogs.profile.memberSince(since.toLocaleDateString(locale, { dateStyle: 'medium' }))}</p>
        )}
      </div>
    </div>
  );
}

type Measure = 'ban' | 'delete';

function SiteActions({ profile, onChanged }: { profile: Profile; onChanged: () => void }) {
  const app = useApp();
  const { isBusy, error, isDone, run } = useDo();
  const isOwnAdmin = useSelect(isAdmin);
  const [measure, setMeasure] = useState<Measure | null>(null);
  const { UUID } = profile.user;
  return (
    <section className="danger-zone" aria-label={text.dialogs.profile.site}>
      <h3>{text.dialogs.profile.site}</h3>
      {isOwnAdmin && profile.role !== 'guest' && (
        <Choice
          label={text.dialogs.profile.siteRole}
          value={profile.role}
          options={Object.fromEntries(SITE_ROLES.map((role) => [role, text.roles[role] ?? role]))}
          testId="site-role"
          isDisabled={isBusy}
          onChange={(role) => {
            run(() => app.moderation.siteRole(UUID, role), onChanged);
          }}
        />
      )}
      {measure === null ? (
        <div className="actions">
          <Action label={text.dialogs.profile.siteBan} testId="site-ban" isDanger onClick={() => { setMeasure('ban'); }} />
          <Action
            label={text.dialogs.profile.siteUnban}
            testId="site-unban"
            isDisabled={isBusy}
            onClick={() => {
              run(() => app.moderation.siteUnban(UUID));
            }}
          />
          {isOwnAdmin && (
            <Action label={text.dialogs.profile.siteDelete} testId="site-delete" isDanger onClick={() => { setMeasure('delete'); }} />
          )}
        </div>
      ) : (
        <SiteMeasure
          measure={measure}
          profile={profile}
          onDone={() => {
            setMeasure(null);
            onChanged();
          }}
          onCancel={() => {
            setMeasure(null);
          }}
        />
      )}
      <Problem error={error} />
      <Success>{isDone ? text.dialogs.details.done : null}</Success>
    </section>
  );
}

interface SiteMeasureProps {
  measure: Measure;
  profile: Profile;
  onDone: () => void;
  onCancel: () => void;
}

function SiteMeasure({ measure, profile, onDone, onCancel }: SiteMeasureProps) {
  const app = useApp();
  const { isBusy, error, run } = useDo();
  const [span, setSpan] = useState('86400');
  const [reason, setReason] = useState('');
  const { UUID, Username, DisplayName } = profile.user;
  const submit = (event: SubmitEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const seconds = span === 'forever' ? null : Number(span);
    run(() => (measure === 'ban' ? app.moderation.siteBan(UUID, seconds, reason) : app.moderation.deleteUser(UUID)), onDone);
  };
  return (
    <form className="form measure" onSubmit={submit} data-testid="site-measure">
      {measure === 'delete' ? (
        <>
          <h3>{text.dialogs.profile.siteDeleteTitle(DisplayName ?? Username)}</h3>
          <p className="hint">{text.dialogs.profile.siteDeleteWords}</p>
        </>
      ) : (
        <>
          <Choice label={text.dialogs.details.forHowLong} value={span} options={text.dialogs.details.spans} testId="site-ban-span" onChange={setSpan} />
          <label className="field">
            <span>{text.dialogs.details.reason}</span>
            <input
              value={reason}
              maxLength={250}
              data-testid="site-ban-reason"
              onChange={(event) => {
                setReason(event.target.value);
              }}
            />
          </label>
        </>
      )}
      <Problem error={error} />
      <div className="dialog-actions">
        <button type="button" className="button button-quiet" onClick={onCancel}>
          {text.dialogs.confirm.cancel}
        </button>
        <button type="submit" className="button button-danger" disabled={isBusy} data-testid="site-measure-submit">
          {measure === 'ban' ? text.dialogs.profile.siteBan : text.dialogs.profile.siteDelete}
        </button>
      </div>
    </form>
  );
}
