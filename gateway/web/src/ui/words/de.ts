/** Alle Wörter der Seite auf Deutsch. */

import type { ErrorBody } from '../../state/index.ts';
import type { Words } from './en.ts';
import { grammarOf } from './grammar.ts';

const { number, plural, list } = grammarOf('de');

const SECONDS = { one: 'Sekunde', other: 'Sekunden' };
const HOURS = { one: 'Stunde', other: 'Stunden' };

/** Eine Zeitspanne in ihrer größten ganzen Einheit. */
function span(seconds: number): string {
  if (seconds >= 86_400 && seconds % 86_400 === 0) return plural(seconds / 86_400, { one: 'Tag', other: 'Tage' });
  if (seconds >= 3_600 && seconds % 3_600 === 0) return plural(seconds / 3_600, HOURS);
  if (seconds >= 60 && seconds % 60 === 0) return plural(seconds / 60, { one: 'Minute', other: 'Minuten' });
  return plural(seconds, SECONDS);
}

/** Wie lange noch, heruntergezählt. */
function until(seconds: number): string {
  if (seconds <= 0) return 'jetzt';
  const minutes = Math.floor(seconds / 60);
  if (minutes === 0) return `in ${plural(seconds, SECONDS)}`;
  if (minutes < 60) return `in ${minutes}:${String(seconds % 60).padStart(2, '0')} Minuten`;
  return `in ${plural(Math.ceil(minutes / 60), HOURS)}`;
}

function inSeconds(seconds: number): string {
  return seconds <= 0 ? 'jetzt' : `in ${plural(seconds, SECONDS)}`;
}

/** Wann es wieder geht, wenn der Server das gesagt hat. */
function again({ retryAfterMs }: ErrorBody): string {
  return retryAfterMs === undefined ? 'Versuch es gleich noch einmal.' : `Versuch es ${inSeconds(Math.ceil(retryAfterMs / 1_000))} noch einmal.`;
}

function endedText(why: 'expired' | 'elsewhere' | 'passwordChanged' | 'sessionEnded' | 'banned', error: ErrorBody | null): string {
  switch (why) {
    case 'expired':
      return 'Deine Sitzung ist abgelaufen. Bitte melde dich wieder an.';
    case 'elsewhere':
      return 'Du hast dich in einem anderen Tab abgemeldet.';
    case 'passwordChanged':
      return 'Dein Passwort wurde auf einem anderen Gerät geändert. Melde dich mit dem neuen an.';
    case 'sessionEnded':
      return 'Diese Sitzung wurde von einem anderen Gerät aus beendet.';
    case 'banned':
      return banned(error);
  }
}

function banned(error: ErrorBody | null): string {
  const end = error?.until === undefined ? NaN : Date.parse(error.until);
  if (Number.isNaN(end)) return 'Du bist gesperrt.';
  return `Du bist bis ${new Date(end).toLocaleString('de', { dateStyle: 'medium', timeStyle: 'short' })} gesperrt.`;
}

export const de: Words = {
  errors: {
    malformed: () => 'Der Server hat nicht verstanden, was diese Seite wollte. Lade sie neu.',
    signInRefused: () => 'Name und Passwort passen nicht zusammen.',
    signUpRefused: () => 'So geht es nicht: Der Name oder das Passwort ist unzulässig, oder neue Konten sind hier nicht erlaubt.',
    messageRefused: () => 'Diese Nachricht nimmt der Server nicht an: Sie ist leer oder zu lang.',
    noSuchUser: () => 'Diesen Benutzer gibt es nicht.',
    joinRefused: () => 'Diesen Raum gibt es nicht, oder sein Name ist unzulässig.',
    notSignedIn: () => 'Du bist nicht angemeldet.',
    notJoined: () => 'Du bist nicht in diesem Raum.',
    rateLimited: (error) => `Das war etwas schnell. ${again(error)}`,
    tooManyAttempts: (error) => `Zu viele falsche Passwörter. ${again(error)}`,
    unavailable: (error) => `Der Server erreicht seinen Speicher gerade nicht. ${again(error)}`,
    backlogFull: (error) => `Der Server kommt mit dem Speichern nicht nach. ${again(error)}`,
    tooManyRooms: () => 'Du bist in zu vielen Räumen. Verlass erst einen anderen.',
    nameTaken: () => 'Dieser Name ist schon vergeben.',
    sessionExpired: () => 'Deine Sitzung ist abgelaufen. Bitte melde dich wieder an.',
    overloaded: (error) => `Der Server hat gerade zu viel zu tun. ${again(error)}`,
    guestsDisabled: () => 'Gäste sind hier nicht zugelassen.',
    internal: () => 'Im Server ist etwas schiefgegangen. Versuch es noch einmal.',
    forbidden: () => 'Das darfst du nicht.',
    banned,
    muted: () => 'Du bist hier stumm geschaltet.',
    roomClosed: () => 'Dieser Raum ist geschlossen.',
    slowMode: (error) => `Hier gilt der langsame Modus. ${again(error)}`,
    invitedOnly: () => 'Dieser Raum ist nur für Eingeladene. Bitte jemanden, der darin ist, dich einzuladen.',
    noSuchMessage: () => 'Diese Nachricht gibt es nicht mehr.',
    tooLate: () => 'Dafür ist es zu spät.',
    photoRefused: () => 'Der Server nimmt dieses Foto nicht an.',
    tooLarge: () => 'Das ist zu groß.',
    disconnected: () => 'Es gibt gerade keine Verbindung. Versuch es gleich noch einmal.',
    noAnswer: () => 'Der Server hat nicht geantwortet. Versuch es noch einmal.',
    removed: () => 'Du bist nicht mehr in diesem Raum.',
    signedOut: () => 'Du bist abgemeldet.',
    uncertain: () => 'Vielleicht wurde sie gesendet, vielleicht nicht.',
  },

  product: 'Parlor',
  tagline: 'Räume zum Reden, auf deinem eigenen Server.',
  general: 'Allgemein',

  signIn: {
    label: 'Wie du hereinkommst',
    password: 'Anmelden',
    signUp: 'Registrieren',
    guest: 'Gast',
    username: 'Benutzername',
    nickname: 'Spitzname',
    passwordField: 'Passwort',
    show: 'Passwort zeigen',
    hide: 'Passwort verbergen',
    busy: 'Einen Moment …',
    submit: { password: 'Anmelden', signUp: 'Konto anlegen', guest: 'Als Gast eintreten' },
    hint: {
      password: 'Neu hier? Ein Name, den noch niemand hat, wird dein Konto.',
      signUp: 'Unter diesem Namen sehen dich die anderen.',
      guest: 'Ohne Passwort. Der Name gehört dir, bis du dich abmeldest.',
    },
    ended: endedText,
    unreachable: 'Der Server ist noch nicht zu erreichen. Wir versuchen es weiter.',
    needName: 'Bitte gib einen Namen ein.',
    needPassword: 'Bitte gib ein Passwort ein.',
  },

  nav: {
    label: 'Räume und Leute',
    open: 'Liste der Räume öffnen',
    close: 'Liste der Räume schließen',
    rooms: 'Räume',
    direct: 'Direktnachrichten',
    people: 'Leute',
    browse: 'Räume finden und anlegen',
    filter: 'Raum oder Person finden',
    draft: 'Entwurf',
    last: (name, words) => `${name}: ${words}`,
    nobody: 'Außer dir ist noch niemand da.',
    noMatch: 'Niemand heißt so.',
    noRoomMatch: 'Kein Raum heißt so.',
    more: 'Mehr Leute zeigen',
    profile: 'Dein Profil und deine Sitzungen',
    signOut: 'Abmelden',
    you: 'du',
    guest: 'Gast',
    online: 'online',
    offline: 'offline',
    unread: (count) => plural(count, { one: 'ungelesene Nachricht', other: 'ungelesene Nachrichten' }),
    mentions: (count) => `${plural(count, { one: 'Erwähnung', other: 'Erwähnungen' })} von dir`,
    theme: { system: 'Farben: wie das System', light: 'Farben: hell', dark: 'Farben: dunkel' },
  },

  room: {
    named: (name) => name,
    people: (count) => (count === 1 ? 'Nur du bist hier' : `${number(count)} Leute hier`),
    joining: 'Der Raum wird geöffnet …',
    out: 'Du bist nicht in diesem Raum',
    private: { online: 'Gerade online', offline: 'Offline' },
    about: 'Über diesen Raum',
    profile: 'Profil',
    leave: 'Diesen Raum verlassen',
    closeChat: 'Diesen Chat schließen',
    members: 'Wer hier ist',
    membersMore: (count) => `und ${number(count)} weitere`,
    unknownPerson: 'Jemand',
  },

  switcher: {
    title: 'Gehe zu',
    open: 'Zu einem Raum oder einer Person gehen',
    keys: 'Strg K',
    label: 'Name eines Raums oder einer Person',
    list: 'Räume und Leute',
    join: 'beitreten',
    none: 'Nichts heißt so.',
  },

  timeline: {
    label: (room) => `Nachrichten in ${room}`,
    older: 'Frühere Nachrichten laden',
    loadingOlder: 'Frühere Nachrichten werden geladen …',
    newer: 'Spätere Nachrichten laden',
    loadingNewer: 'Spätere Nachrichten werden geladen …',
    newerFailed: 'Spätere Nachrichten konnten nicht geladen werden. Noch einmal versuchen',
    toUnread: 'Zur ersten ungelesenen',
    olderFailed: 'Frühere Nachrichten konnten nicht geladen werden. Noch einmal versuchen',
    beginning: (room) => `Hier beginnt ${room}.`,
    beginningPrivate: (name) => `Hier beginnt dein Chat mit ${name}.`,
    empty: 'Noch hat niemand etwas gesagt. Sag hallo.',
    fresh: 'Neu',
    latest: 'Zu den neuesten',
    latestCount: (count) => plural(count, { one: 'neue Nachricht', other: 'neue Nachrichten' }),
    today: 'Heute',
    yesterday: 'Gestern',
    sending: 'Wird gesendet …',
    queued: 'Wartet darauf, gesendet zu werden',
    sent: 'Gesendet',
    failed: (why) => `Nicht gesendet: ${why}`,
    retry: 'Noch einmal versuchen',
    discard: 'Verwerfen',
    said: (name, words) => `${name}: ${words}`,
    photo: 'Foto',
    edited: 'bearbeitet',
    editedAt: (when) => `Bearbeitet: ${when}`,
    deleted: 'Diese Nachricht wurde gelöscht.',
    deletedBy: (name) => `Diese Nachricht wurde von ${name} gelöscht.`,
    inAnswer: 'Antwort auf',
    jumpFailed: 'Diese Nachricht ist nicht mehr im Verlauf.',
    quoteGone: 'Die Nachricht gibt es nicht mehr.',
    tools: 'Was du mit dieser Nachricht tun kannst',
    reply: 'Antworten',
    react: 'Reagieren',
    reactWith: (emoji) => `Mit ${emoji} reagieren`,
    edit: 'Bearbeiten',
    delete: 'Löschen',
    report: 'Melden',
    reactions: 'Reaktionen',
    reacted: (emoji, count, isOwn) => `${emoji}, ${plural(count, { one: 'Reaktion', other: 'Reaktionen' })}${isOwn ? ', auch deine' : ''}`,
    reactedBy: (names, others) => list(others > 0 ? [...names, plural(others, { one: 'weitere Person', other: 'weitere' })] : names),
    someone: 'Jemand',
    you: 'Du',
  },

  typing: {
    one: (name) => `${name} schreibt …`,
    two: (a, b) => `${a} und ${b} schreiben …`,
    several: 'Mehrere Leute schreiben …',
  },

  poll: {
    open: 'Umfrage machen',
    title: 'Neue Umfrage',
    question: 'Frage',
    questionHint: 'Was möchtest du wissen?',
    option: (index) => `Antwort ${index}`,
    addOption: 'Antwort hinzufügen',
    removeOption: (index) => `Antwort ${index} entfernen`,
    multiple: 'Mehrere Antworten möglich',
    anonymous: 'Anonym: Niemand sieht, wer was gewählt hat',
    closes: 'Endet',
    closesIn: { never: 'Wenn jemand sie schließt', 3600: 'In einer Stunde', 86400: 'In einem Tag', 259200: 'In drei Tagen', 604800: 'In einer Woche' },
    create: 'Umfrage senden',
    needQuestion: 'Bitte frag etwas.',
    needOptions: 'Eine Umfrage braucht zwei verschiedene Antworten.',
    label: (question) => `Umfrage: ${question}`,
    kind: (isMultiple, isAnonymous) =>
      [isMultiple ? 'Wähle eine oder mehrere' : 'Wähle eine', ...(isAnonymous ? ['anonym'] : [])].join(' · '),
    votes: (count) => (count === 0 ? 'Noch hat niemand abgestimmt' : plural(count, { one: 'Person hat abgestimmt', other: 'Leute haben abgestimmt' })),
    share: (count, percent) => `${plural(count, { one: 'Stimme', other: 'Stimmen' })}, ${percent} Prozent`,
    closesAt: (when) => `endet ${when}`,
    closed: 'Geschlossen',
    withdraw: 'Stimme zurücknehmen',
    close: 'Umfrage schließen',
    winner: 'die meisten Stimmen',
  },

  photo: {
    add: 'Fotos hinzufügen',
    label: (name) => `Foto von ${name}`,
    open: (name) => `Foto von ${name} öffnen`,
    failed: 'Das Foto konnte nicht geladen werden.',
    retry: 'Noch einmal versuchen',
    uploading: (percent) => `Wird hochgeladen, ${percent} %`,
    ready: 'Bereit zum Senden',
    remove: (name) => `${name} entfernen`,
    again: (name) => `${name} noch einmal hochladen`,
    staged: 'Fotos zum Senden',
    drop: 'Fotos hier ablegen',
    notAPhoto: 'Hier können nur Fotos hinzugefügt werden.',
    tooLarge: (megabytes) => `Ein Foto darf höchstens ${number(megabytes)} MB haben.`,
    tooMany: (most) => `Höchstens ${most} Fotos auf einmal.`,
    viewer: 'Foto',
    previous: 'Voriges Foto',
    next: 'Nächstes Foto',
    original: 'In neuem Tab öffnen',
    position: (index, total) => `${index} von ${total}`,
  },

  silence: {
    kicked: 'Du wurdest aus diesem Raum entfernt.',
    banned: 'Du bist für diesen Raum gesperrt.',
    bannedUntil: (when) => `Du bist für diesen Raum gesperrt bis ${when}.`,
    closed: 'Dieser Raum ist geschlossen. Hier kann niemand mehr schreiben.',
    closedGone: 'Dieser Raum wurde geschlossen.',
    invitedOnly: 'Dieser Raum ist nur für Eingeladene. Bitte jemanden, der darin ist, dich einzuladen.',
    refused: 'Du kannst diesen Raum nicht betreten.',
    readOnly: 'In diesem Raum dürfen nur einige schreiben. Du kannst mitlesen.',
    mutedForGood: 'Du bist in diesem Raum stumm geschaltet.',
    muted: (left) => `Du bist stumm geschaltet. Du kannst ${left} wieder schreiben.`,
    reason: (reason) => `Grund: ${reason}`,
    rejoin: 'Wieder beitreten',
    retry: 'Noch einmal versuchen',
    remove: 'Von der Liste nehmen',
    slow: (seconds) => `Langsamer Modus: Deine nächste Nachricht geht ${inSeconds(seconds)} hinaus.`,
  },

  roles: {
    owner: 'Eigentümer',
    moderator: 'Moderator',
    member: 'Mitglied',
    admin: 'Admin',
    guest: 'Gast',
  },

  people: {
    title: 'Jemanden finden',
    open: 'Jemanden finden und ihm schreiben',
    label: 'Anfang eines Namens',
    hint: 'Tippe den Anfang eines Namens.',
    searching: 'Wird gesucht …',
    none: 'Niemand heißt so.',
  },

  alerts: {
    legend: 'Während diese Seite im Hintergrund ist, sag mir Bescheid bei',
    levels: { off: 'Nichts', direct: 'Privaten Nachrichten und solchen, die mich nennen', all: 'Jeder Nachricht' },
    hint: 'Nur für diesen Browser. Er fragt vielleicht, ob du das möchtest.',
    blocked: 'Dein Browser blockiert Benachrichtigungen dieser Seite. Erlaube sie in seinen Einstellungen für diese Seite und wähle dann hier.',
    unsupported: 'Dieser Browser kann keine Benachrichtigungen zeigen. Die Zahl im Titel des Tabs sagt trotzdem, wie viel neu ist.',
    title: (name, room) => (room === null ? name : `${name} in ${room}`),
    photo: 'Hat ein Foto gesendet',
    unseen: { private: 'Hat dir geschrieben', mention: 'Hat dich erwähnt', message: 'Hat etwas gesagt' },
  },

  composer: {
    label: (room) => `Nachricht an ${room}`,
    send: 'Senden',
    left: (count) => (count >= 0 ? `noch ${number(count)}` : `${number(-count)} zu viel`),
    hint: 'Enter zum Senden, Umschalt + Enter für eine neue Zeile',
    emoji: 'Emoji hinzufügen',
    more: 'Etwas hinzufügen',
    uploading: 'Warte, bis die Fotos hochgeladen sind',
    replyingTo: (name) => `Antwort an ${name}`,
    editing: 'Deine Nachricht wird bearbeitet',
    cancel: 'Abbrechen',
    save: 'Änderung speichern',
    mentions: 'Leute, die du erwähnen kannst',
    mentionsCount: (count) => plural(count, { one: 'Person passt', other: 'Leute passen' }),
    limited: (seconds) => `Du bist schnell! Die nächste Nachricht geht ${inSeconds(seconds)} hinaus.`,
    held: (seconds) => `Der Server kann gerade keine Nachrichten annehmen. Nächster Versuch ${inSeconds(seconds)}.`,
  },

  banner: {
    connecting: 'Wird verbunden …',
    signingIn: 'Verbunden. Verpasstes wird nachgeholt …',
    lost: (seconds) => `Die Verbindung ist abgerissen. Neuer Versuch ${inSeconds(seconds)}.`,
    offline: (seconds) => `Du bist offline. Was du schreibst, wird aufgehoben und später gesendet. Neuer Versuch ${inSeconds(seconds)}.`,
    full: (seconds) => `Der Server ist gerade voll. Neuer Versuch ${inSeconds(seconds)}.`,
    restart: (seconds) => `Der Server startet neu. Neue Verbindung ${inSeconds(seconds)}.`,
    flood: (seconds) => `Zu viel auf einmal. Neue Verbindung ${inSeconds(seconds)}.`,
    stopped: 'Der Server hat abgelehnt, was diese Seite sendete, deshalb hat sie aufgehört. Lade die Seite neu oder versuch es noch einmal.',
    idle: 'Nicht verbunden.',
    paused: 'Das Senden ruht: Der Server kann gerade keine Nachrichten speichern. Was du schreibst, wird aufgehoben und gesendet, sobald es geht.',
    queued: (count) => `${plural(count, { one: 'Nachricht wartet', other: 'Nachrichten warten' })} darauf, gesendet zu werden.`,
    retry: 'Jetzt versuchen',
    connect: 'Verbinden',
  },

  mishap: {
    page: 'Auf dieser Seite ist etwas schiefgegangen.',
    kept: 'Was du geschrieben hast, ist aufgehoben. Lade die Seite neu, um weiterzumachen.',
    dialogOffline: 'Das kann ohne Verbindung nicht geladen werden. Lade die Seite neu, wenn sie wieder da ist. Was du geschrieben hast, ist aufgehoben.',
    dialog: 'Das konnte nicht geladen werden. Vielleicht hat der Server eine neuere Fassung der Seite: Lade sie neu. Was du geschrieben hast, ist aufgehoben.',
    reload: 'Seite neu laden',
  },

  notice: {
    label: 'Hinweise',
    dismiss: 'Schließen',
    open: 'Öffnen',
    mention: (name, room) => `${name} hat dich in ${room} erwähnt.`,
  },
  dialog: { close: 'Schließen' },

  span,
  until,

  dialogs: {
    browser: {
      title: 'Räume',
      search: 'Raum finden oder einen neuen benennen',
      create: (name) => `„${name}“ anlegen`,
      occupancy: (count) => (count === 0 ? 'Gerade niemand da' : plural(count, { one: 'Person', other: 'Leute' })),
      joined: 'Beigetreten',
      empty: 'Es gibt noch keine Räume. Benenne oben einen, um ihn anzulegen.',
      emptyFixed: 'Es gibt noch keine Räume.',
      noMatch: 'Kein Raum heißt so.',
      loading: 'Räume werden gesucht …',
      more: 'Mehr Räume zeigen',
      refresh: 'Noch einmal versuchen',
    },

    confirm: {
      cancel: 'Abbrechen',
      delete: {
        title: 'Diese Nachricht löschen?',
        own: 'Sie verschwindet für alle und kann nicht zurückgeholt werden.',
        other: (name) => `Die Nachricht von ${name} verschwindet für alle. Das wird im Protokoll vermerkt.`,
        action: 'Löschen',
      },
      closePoll: { title: 'Diese Umfrage schließen?', words: 'Dann kann niemand mehr abstimmen. Das Ergebnis bleibt.', action: 'Umfrage schließen' },
      report: {
        title: 'Diese Nachricht melden',
        label: 'Was stimmt damit nicht?',
        action: 'Melden',
        done: 'Danke. Die Moderatoren sehen es sich an.',
      },
    },

    emoji: {
      title: 'Emoji wählen',
      label: 'Emoji eintippen oder einfügen',
      add: 'Hinzufügen',
      bad: 'Bitte ein einziges Emoji.',
      groups: { smileys: 'Gesichter', hands: 'Hände', things: 'Dinge', signs: 'Zeichen' },
    },

    details: {
      about: 'Über',
      people: 'Leute',
      settings: 'Einstellungen',
      bans: 'Sperren',
      topic: 'Thema',
      noTopic: 'Noch kein Thema.',
      access: 'Wer hereinkommt',
      accessOf: {
        public: 'Alle; er steht in der Liste der Räume',
        unlisted: 'Alle, die seinen Namen kennen',
        invite: 'Nur Eingeladene',
      },
      write: 'Wer schreiben darf',
      writeOf: { everyone: 'Alle', members: 'Mitglieder und Moderatoren', moderators: 'Nur Moderatoren' },
      slow: 'Langsamer Modus',
      slowOff: 'Aus',
      slowOf: (seconds) => `Eine Nachricht alle ${span(seconds)}`,
      history: 'Aufbewahrte Nachrichten',
      historyHint: 'Leer oder 0: so viele, wie der Server aufbewahrt.',
      age: 'Aufbewahrte Tage',
      owner: 'Eigentümer',
      yourRole: 'Deine Rolle',
      membersCount: (count) => plural(count, { one: 'Mitglied', other: 'Mitglieder' }),
      save: 'Speichern',
      saved: 'Gespeichert.',
      closed: 'Dieser Raum ist geschlossen.',
      close: 'Diesen Raum schließen',
      closeWords: 'Alle werden hinausgeschickt, und niemand kommt herein, bis er wieder geöffnet wird.',
      reopen: 'Wieder öffnen',
      loading: 'Wird geladen …',
      refresh: 'Noch einmal versuchen',
      nobody: 'Noch niemand.',
      noBans: 'Niemand ist gesperrt.',
      more: 'Mehr zeigen',
      invite: 'Jemanden einladen',
      invited: (name) => `${name} ist eingeladen.`,
      actionsOf: (name) => `Was du mit ${name} tun kannst`,
      write1: 'Privat schreiben',
      profile: 'Profil',
      makeModerator: 'Zum Moderator machen',
      makeMember: 'Zum Mitglied machen',
      takeRole: 'Rolle wegnehmen',
      mute: 'Stumm schalten',
      unmute: 'Stummschaltung aufheben',
      kick: 'Entfernen',
      ban: 'Sperren',
      unban: 'Sperre aufheben',
      mutedForGood: 'stumm',
      mutedUntil: (when) => `stumm bis ${when}`,
      bannedUntil: (when) => (when === null ? 'für immer' : `bis ${when}`),
      bannedBy: (name) => `von ${name}`,
      muteTitle: (name) => `${name} stumm schalten`,
      kickTitle: (name) => `${name} aus diesem Raum entfernen?`,
      banTitle: (name) => `${name} sperren`,
      forHowLong: 'Wie lange',
      reason: 'Grund, den sie oder er lesen wird',
      spans: { 300: '5 Minuten', 3600: 'Eine Stunde', 86400: 'Ein Tag', 604800: 'Eine Woche', forever: 'Für immer' },
      done: 'Erledigt.',
    },

    create: {
      title: 'Neuer Raum',
      open: 'Raum mit Einstellungen anlegen',
      name: 'Name',
      topicHint: 'Worum geht es? (freiwillig)',
      submit: 'Raum anlegen',
      needName: 'Bitte gib ihm einen Namen.',
    },

    profile: {
      mine: 'Dein Profil',
      tabs: { look: 'Profil', alerts: 'Benachrichtigungen', password: 'Passwort', sessions: 'Sitzungen' },
      displayName: 'Anzeigename',
      displayNameHint: (username) => `Bleibt er leer, sehen die anderen ${username}.`,
      color: 'Farbe',
      language: 'Sprache',
      colors: ['Rot', 'Orange', 'Gelb', 'Hellgrün', 'Grün', 'Türkis', 'Blau', 'Indigo', 'Violett', 'Rosa'],
      noColor: 'Vom Server vergeben',
      save: 'Speichern',
      saved: 'Gespeichert.',
      oldPassword: 'Jetziges Passwort',
      newPassword: 'Neues Passwort',
      change: 'Passwort ändern',
      changed: 'Geändert. Deine anderen Sitzungen wurden abgemeldet.',
      changeHint: 'Deine anderen Sitzungen werden abgemeldet.',
      guestPassword: 'Gäste haben kein Passwort. Registriere dich, um deinen Namen zu behalten.',
      sessionsHint: 'Wo du angemeldet bist. Beende, was du nicht kennst.',
      thisSession: 'Diese hier',
      sessionOnline: 'gerade verbunden',
      lastSeen: (when) => `zuletzt gesehen: ${when}`,
      since: (when) => `angemeldet: ${when}`,
      end: 'Beenden',
      endLabel: (client) => `Sitzung ${client} beenden`,
      unknownClient: 'Unbekanntes Programm',
      delete: 'Mein Konto löschen',
      deleteWords: 'Dein Name wird frei, und du wirst überall abgemeldet. Deine Nachrichten bleiben. Das lässt sich nicht rückgängig machen.',
      deletePassword: 'Dein Passwort, zur Sicherheit',
      memberSince: (when) => `Dabei seit ${when}`,
      site: 'Auf diesem Server',
      siteRole: 'Rolle',
      siteBan: 'Vom Server verbannen',
      siteUnban: 'Verbannung aufheben',
      siteDelete: 'Konto löschen',
      siteDeleteTitle: (name) => `Das Konto von ${name} löschen?`,
      siteDeleteWords: 'Der Name wird frei, und sie oder er wird überall abgemeldet. Die Nachrichten bleiben. Das lässt sich nicht rückgängig machen.',
      audit: 'Protokoll',
    },

    audit: {
      title: 'Protokoll',
      empty: 'Noch ist nichts vermerkt.',
      by: (name) => `von ${name}`,
      older: 'Frühere Einträge zeigen',
      system: 'der Kommandozeile',
      actions: {
        roomCreate: 'Raum angelegt',
        roomUpdate: 'Einstellungen geändert',
        roomInvite: 'Eingeladen',
        roomRole: 'Rolle geändert',
        roomKick: 'Aus einem Raum entfernt',
        roomBan: 'Für einen Raum gesperrt',
        roomUnban: 'Raumsperre aufgehoben',
        roomMute: 'Stumm geschaltet',
        roomUnmute: 'Stummschaltung aufgehoben',
        roomClose: 'Raum geschlossen',
        roomReopen: 'Raum wieder geöffnet',
        userRole: 'Serverrolle geändert',
        userBan: 'Vom Server verbannt',
        userUnban: 'Verbannung aufgehoben',
        userDelete: 'Konto gelöscht',
        messageDelete: 'Nachricht gelöscht',
        messageReport: 'Nachricht gemeldet',
        passwordReset: 'Passwort zurückgesetzt',
      },
    },
  },
};
