import { useRef, useState, type KeyboardEvent, type SubmitEvent } from 'react';
import type { Credentials, ErrorBody, Ready } from '../state/index.ts';
import { Icon, Logo } from './Icon.tsx';
import { connectionText, errorText, text } from './text.ts';
import { ThemeSwitch } from './ThemeSwitch.tsx';
import { useApp, useSelect } from './useApp.ts';
import { useSecondsUntil } from './useNow.ts';

type Way = Exclude<Credentials['kind'], 'token' | 'accessKey'>;

/** The ways in that this server allows. Before it said so, all of them are shown. */
function waysOf(server: Ready | null): Way[] {
  const ways: Way[] = ['password'];
  if (server?.signUp !== false) ways.push('signUp');
  if (server?.guests !== false) ways.push('guest');
  return ways;
}

export function SignIn() {
  const app = useApp();
  const server = useSelect((state) => state.server);
  const { busy, error, ended } = useSelect((state) => state.signIn);
  const [chosen, setChosen] = useState<Way | null>(null);
  const ways = waysOf(server);
  const way = chosen !== null && ways.includes(chosen) ? chosen : 'password';

  const choose = (next: Way): void => {
    setChosen(next);
    app.clearSignInError();
  };

  return (
    <main className="sign-in">
      <div className="sign-in-corner">
        <ThemeSwitch />
      </div>
      <section className="sign-in-card" aria-labelledby="sign-in-title">
        <header className="sign-in-head">
          <Logo />
          <h1 id="sign-in-title">{text.product}</h1>
          <p>{text.tagline}</p>
        </header>
        {ended !== null && (
          <p className="callout" role="status" data-testid="session-ended">
            {text.signIn.ended(ended.why, ended.error)}
          </p>
        )}
        {ways.length > 1 && <Tabs ways={ways} way={way} onChoose={choose} />}
        <div id="sign-in-panel" {...(ways.length > 1 ? { role: 'tabpanel', 'aria-labelledby': `tab-${way}` } : {})}>
          <CredentialsForm
            key={way}
            way={way}
            busy={busy}
            // Somebody who walks along the tabs must not be thrown into a field.
            autoFocus={chosen === null}
            error={error}
            onSubmit={(credentials) => {
              app.signIn(credentials);
            }}
          />
        </div>
        <Reachability />
      </section>
    </main>
  );
}

function Tabs({ ways, way, onChoose }: { ways: Way[]; way: Way; onChoose: (way: Way) => void }) {
  const list = useRef<HTMLDivElement>(null);
  const move = (event: KeyboardEvent): void => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    const index = (ways.indexOf(way) + step + ways.length) % ways.length;
    const next = ways[index];
    if (next === undefined) return;
    onChoose(next);
    list.current?.querySelectorAll<HTMLElement>('[role="tab"]')[index]?.focus();
  };
  return (
    <div className="tabs" role="tablist" aria-label={text.signIn.label} ref={list} onKeyDown={move}>
      {ways.map((each) => (
        <button
          key={each}
          type="button"
          role="tab"
          id={`tab-${each}`}
          aria-selected={each === way}
          aria-controls="sign-in-panel"
          tabIndex={each === way ? 0 : -1}
          data-testid={`tab-${each}`}
          onClick={() => {
            onChoose(each);
          }}
        >
          {text.signIn[each]}
        </button>
      ))}
    </div>
  );
}

interface FormProps {
  way: Way;
  autoFocus: boolean;
  busy: boolean;
  error: ErrorBody | null;
  onSubmit: (credentials: Credentials) => void;
}

function CredentialsForm({ way, autoFocus, busy, error, onSubmit }: FormProps) {
  const [name, setName] = useState('');
  const [password, setPassword] = useState('');
  const [problem, setProblem] = useState<string | null>(null);
  const nameField = useRef<HTMLInputElement>(null);
  const isGuest = way === 'guest';
  const words = problem ?? (error === null ? null : errorText(error));
  const mayRegister = useSelect((state) => state.server?.signUp !== false);
  const hint = way === 'password' && !mayRegister ? '' : text.signIn.hint[way];

  const submit = (event: SubmitEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const trimmed = name.trim();
    if (trimmed === '') {
      setProblem(text.signIn.needName);
      nameField.current?.focus();
    } else if (!isGuest && password === '') {
      setProblem(text.signIn.needPassword);
    } else {
      setProblem(null);
      onSubmit(isGuest ? { kind: way, nickname: trimmed } : { kind: way, username: trimmed, password });
    }
  };

  return (
    <form
      className="form"
      data-testid="sign-in-form"
      noValidate
      onSubmit={submit}
    >
      <label className="field">
        <span>{isGuest ? text.signIn.nickname : text.signIn.username}</span>
        <input
          ref={nameField}
          autoFocus={autoFocus}
          name="username"
          value={name}
          autoComplete={isGuest ? 'nickname' : 'username'}
          autoCapitalize="none"
          spellCheck={false}
          maxLength={64}
          data-testid="name"
          aria-invalid={words !== null}
          aria-describedby={words === null ? 'sign-in-hint' : 'sign-in-error'}
          onChange={(event) => {
            setName(event.target.value);
          }}
        />
      </label>
      {!isGuest && <PasswordField way={way} value={password} onChange={setPassword} />}
      {words === null ? (
        <p className="hint" id="sign-in-hint">
          {hint}
        </p>
      ) : (
        <p className="field-error" id="sign-in-error" role="alert" data-testid="sign-in-error">
          <Icon name="alert" />
          <span>{words}</span>
        </p>
      )}
      <button type="submit" className="button button-primary button-wide" disabled={busy} data-testid="submit">
        {busy ? text.signIn.busy : text.signIn.submit[way]}
      </button>
    </form>
  );
}

function PasswordField({ way, value, onChange }: { way: Way; value: string; onChange: (value: string) => void }) {
  const [shown, setShown] = useState(false);
  const label = shown ? text.signIn.hide : text.signIn.show;
  return (
    <div className="field">
      <label htmlFor="password">{text.signIn.passwordField}</label>
      <div className="field-with-button">
        <input
          id="password"
          name="password"
          type={shown ? 'text' : 'password'}
          value={value}
          autoComplete={way === 'signUp' ? 'new-password' : 'current-password'}
          autoCapitalize="none"
          spellCheck={false}
          data-testid="password"
          onChange={(event) => {
            onChange(event.target.value);
          }}
        />
        <button
          type="button"
          className="icon-button"
          aria-label={label}
          aria-pressed={shown}
          title={label}
          onClick={() => {
            setShown(!shown);
          }}
        >
          <Icon name={shown ? 'eyeOff' : 'eye'} />
        </button>
      </div>
    </div>
  );
}

/** Says so when the server can't be reached. A connection that rests while nobody types is no news. */
function Reachability() {
  const app = useApp();
  const status = useSelect((state) => state.status);
  const seconds = useSecondsUntil('retryAt' in status ? status.retryAt : null);
  if (status.name !== 'waiting' && status.name !== 'draining' && status.name !== 'stopped') return null;
  const told = connectionText(status, seconds);
  return (
    <div className="callout callout-row" role="status" data-testid="unreachable">
      <span>{status.name === 'waiting' && status.cause === 'lost' ? text.signIn.unreachable : told?.words}</span>
      <button
        type="button"
        className="button button-quiet"
        onClick={() => {
          app.reconnect();
        }}
      >
        {text.banner.retry}
      </button>
    </div>
  );
}
