import { useCallback, useState, type SubmitEvent } from 'react';
import type { SessionInfo } from '../../state/index.ts';
import { Avatar } from '../Avatar.tsx';
import { Dialog } from '../Dialog.tsx';
import { shortTime } from '../grouping.ts';
import { COLORS, hueOfColor } from '../look.ts';
import { useApp, useSelect } from '../useApp.ts';
import { useAsk, useDo } from '../useAsk.ts';
import { AlertSettings } from './AlertSettings.tsx';
import { Choice, Loaded, Problem, Success, TabPanel, Tabs } from './Parts.tsx';
import { chooseLanguage, LANGUAGE_NAMES, text, useLanguage, type Language } from '../text.ts';
import type { Words } from '../words/en.ts';

const NAME_CHARACTERS = 64;

type Tab = keyof Words['dialogs']['profile']['tabs'];

/** How others see us, our password, and where we are signed in. */
export default function ProfileDialog({ onClose }: { onClose: () => void }) {
  const [tab, setTab] = useState<Tab>('look');
  const tabs = (Object.keys(text.dialogs.profile.tabs) as Tab[]).map((id) => ({ id, label: text.dialogs.profile.tabs[id] }));
  return (
    <Dialog title={text.dialogs.profile.mine} testId="profile-dialog" onClose={onClose}>
      <Tabs label={text.dialogs.profile.mine} tabs={tabs} current={tab} onChoose={setTab} />
      <TabPanel tab={tab}>
        {tab === 'look' && <Look />}
        {tab === 'alerts' && <AlertSettings />}
        {tab === 'password' && <Password />}
        {tab === 'sessions' && <Sessions />}
      </TabPanel>
    </Dialog>
  );
}

function Look() {
  const app = useApp();
  const me = useSelect((state) => state.me);
  const person = useSelect((state) => state.people[state.me?.userUUID ?? '']);
  const username = me?.username ?? '';
  const [displayName, setDisplayName] = useState(person?.name === username ? '' : (person?.name ?? ''));
  const [color, setColor] = useState(person?.color ?? null);
  const language = useLanguage();
  const { isBusy, error, isDone, run } = useDo();
  const submit = (event: SubmitEvent<HTMLFormElement>): void => {
    event.preventDefault();
    run(() => app.account.update({ displayName: displayName.trim(), color: color ?? '' }));
  };
  return (
    <form className="form form-scroll" onSubmit={submit} noValidate>
      <div className="person-card">
        <Avatar id={me?.userUUID ?? ''} name={displayName.trim() === '' ? username : displayName} size="large" />
        <p className="person-name" dir="auto">
          {displayName.trim() === '' ? username : displayName}
        </p>
      </div>
      <label className="field">
        <span>{text.dialogs.profile.displayName}</span>
        <input
          value={displayName}
          maxLength={NAME_CHARACTERS}
          aria-describedby="display-name-hint"
          data-testid="display-name"
          onChange={(event) => {
            setDisplayName(event.target.value);
          }}
        />
      </label>
      <p className="hint" id="display-name-hint">
        {text.dialogs.profile.displayNameHint(username)}
      </p>
      <fieldset className="swatches">
        <legend>{text.dialogs.profile.color}</legend>
        {COLORS.map((each, index) => (
          <label key={each} className={`swatch hue-${index}`} title={text.dialogs.profile.colors[index]}>
            <input
              type="radio"
              name="color"
              checked={hueOfColor(color) === index}
              aria-label={text.dialogs.profile.colors[index]}
              data-testid="swatch"
              onChange={() => {
                setColor(each);
              }}
            />
          </label>
        ))}
        <label className="swatch-none">
          <input
            type="radio"
            name="color"
            checked={color === null}
            onChange={() => {
              setColor(null);
            }}
          />
          <span>{text.dialogs.profile.noColor}</span>
        </label>
      </fieldset>
      <Choice
        label={text.dialogs.profile.language}
        value={language}
        options={LANGUAGE_NAMES}
        testId="language"
        onChange={(chosen) => {
          void chooseLanguage(chosen as Language);
        }}
      />
      <Problem error={error} />
      <div className="dialog-actions">
        <Success>{isDone ? text.dialogs.profile.saved : null}</Success>
        <button type="submit" className="button button-primary" disabled={isBusy} data-testid="save-profile">
          {text.dialogs.profile.save}
        </button>
      </div>
    </form>
  );
}

function Password() {
  const app = useApp();
  const isGuest = useSelect((state) => state.me?.guest === true);
  const [old, setOld] = useState('');
  const [next, setNext] = useState('');
  const { isBusy, error, isDone, run } = useDo();
  if (isGuest) return <p className="list-empty">{text.dialogs.profile.guestPassword}</p>;
  const submit = (event: SubmitEvent<HTMLFormElement>): void => {
    event.preventDefault();
    run(
      () => app.account.changePassword(old, next),
      () => {
        setOld('');
        setNext('');
      },
    );
  };
  return (
    <div className="form-scroll">
      <form className="form" onSubmit={submit} noValidate>
        <SecretField label={text.dialogs.profile.oldPassword} value={old} kind="current-password" testId="old-password" onChange={setOld} />
        <SecretField label={text.dialogs.profile.newPassword} value={next} kind="new-password" testId="new-password" onChange={setNext} />
        <p className="hint">{text.dialogs.profile.changeHint}</p>
        <Problem error={error} />
        <div className="dialog-actions">
          <Success>{isDone ? text.dialogs.profile.changed : null}</Success>
          <button
            type="submit"
            className="button button-primary"
            disabled={isBusy || old === '' || next === ''}
            data-testid="change-password"
          >
            {text.dialogs.profile.change}
          </button>
        </div>
      </form>
      <DeleteAccount />
    </div>
  );
}

function DeleteAccount() {
  const app = useApp();
  const [isAsked, setAsked] = useState(false);
  const [password, setPassword] = useState('');
  const { isBusy, error, run } = useDo();
  const submit = (event: SubmitEvent<HTMLFormElement>): void => {
    event.preventDefault();
    run(
      () => app.account.delete(password),
      () => {
        app.signOut();
      },
    );
  };
  return (
    <section className="danger-zone">
      {!isAsked ? (
        <button
          type="button"
          className="button button-danger"
          data-testid="delete-account"
          onClick={() => {
            setAsked(true);
          }}
        >
          {text.dialogs.profile.delete}
        </button>
      ) : (
        <form className="form" onSubmit={submit} noValidate>
          <p className="hint">{text.dialogs.profile.deleteWords}</p>
          <SecretField
            label={text.dialogs.profile.deletePassword}
            value={password}
            kind="current-password"
            testId="delete-password"
            onChange={setPassword}
          />
          <Problem error={error} />
          <div className="dialog-actions">
            <button
              type="submit"
              className="button button-danger"
              disabled={isBusy || password === ''}
              data-testid="delete-account-now"
            >
              {text.dialogs.profile.delete}
            </button>
          </div>
        </form>
      )}
    </section>
  );
}

interface SecretFieldProps {
  label: string;
  value: string;
  kind: 'current-password' | 'new-password';
  testId: string;
  onChange: (value: string) => void;
}

function SecretField({ label, value, kind, testId, onChange }: SecretFieldProps) {
  return (
    <label className="field">
      <span>{label}</span>
      <input
        type="password"
        value={value}
        autoComplete={kind}
        data-testid={testId}
        onChange={(event) => {
          onChange(event.target.value);
        }}
      />
    </label>
  );
}

function Sessions() {
  const app = useApp();
  const { asked, again } = useAsk(useCallback(() => app.account.sessions(), [app]));
  const { error, run } = useDo();
  return (
    <Loaded asked={asked} again={again}>
      {(sessions) => (
        <>
          <p className="hint">{text.dialogs.profile.sessionsHint}</p>
          <Problem error={error} />
          <ul className="list list-tall">
            {sessions.map((session) => (
              <SessionRow
                key={session.sessionUUID}
                session={session}
                onEnd={() => {
                  run(() => app.account.endSession(session.sessionUUID), again);
                }}
              />
            ))}
          </ul>
        </>
      )}
    </Loaded>
  );
}

function SessionRow({ session, onEnd }: { session: SessionInfo; onEnd: () => void }) {
  const client = session.client ?? text.dialogs.profile.unknownClient;
  const seen = session.online ? text.dialogs.profile.sessionOnline : text.dialogs.profile.lastSeen(shortTime(new Date(session.lastSeenAt)));
  return (
    <li className="row row-static" data-testid="session" data-current={session.current}>
      <span className="row-lines">
        <span className="row-name" title={client}>
          {client}
        </span>
        <span className="row-sub">{[seen, text.dialogs.profile.since(shortTime(new Date(session.createdAt)))].join(' · ')}</span>
      </span>
      {session.current ? (
        <span className="chip">{text.dialogs.profile.thisSession}</span>
      ) : (
        <button
          type="button"
          className="button button-quiet"
          aria-label={text.dialogs.profile.endLabel(client)}
          data-testid="end-session"
          onClick={onEnd}
        >
          {text.dialogs.profile.end}
        </button>
      )}
    </li>
  );
}
