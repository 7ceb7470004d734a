import { describe, expect, it } from 'vitest';
import { isSignOutElsewhere, SessionStore } from './session.ts';
import { memoryStorage } from './testing/fakes.ts';

const ann = { userUUID: 'a', accessKey: 'ka', username: 'Ann', guest: false };
const bob = { userUUID: 'b', accessKey: 'kb', username: 'Bob', guest: true };

describe('the session store', () => {
  it('gives two tabs two users, and a new tab the last one', () => {
    const shared = memoryStorage();
    const [tab1, tab2] = [memoryStorage(), memoryStorage()];
    new SessionStore(tab1, shared).save(ann);
    new SessionStore(tab2, shared).save(bob);
    expect(new SessionStore(tab1, shared).load()).toEqual(ann);
    expect(new SessionStore(tab2, shared).load()).toEqual(bob);
    expect(new SessionStore(memoryStorage(), shared).load()).toEqual(bob);
  });

  it('forgets one user and leaves the other', () => {
    const [tab, shared] = [memoryStorage(), memoryStorage()];
    new SessionStore(memoryStorage(), shared).save(bob);
    const store = new SessionStore(tab, shared);
    store.refresh(ann);
    store.forget(ann);
    expect(store.load()).toEqual(bob);
    new SessionStore(memoryStorage(), shared).forget(bob);
    expect(store.load()).toBeNull();
  });

  it('takes nothing that is no session', () => {
    const tab = memoryStorage();
    tab.set('parlor.session', '{"userUUID":7}');
    expect(new SessionStore(tab, memoryStorage()).load()).toBeNull();
    tab.set('parlor.session', '{');
    expect(new SessionStore(tab, memoryStorage()).load()).toBeNull();
  });

  it('knows a sign-out in another tab from everything else', () => {
    const change = { key: 'parlor.session', oldValue: JSON.stringify(ann), newValue: null };
    expect(isSignOutElsewhere(change, ann)).toBe(true);
    expect(isSignOutElsewhere(change, { ...ann, accessKey: 'another' })).toBe(false);
    expect(isSignOutElsewhere({ ...change, newValue: JSON.stringify(bob) }, ann)).toBe(false);
    expect(isSignOutElsewhere({ ...change, key: 'theme' }, ann)).toBe(false);
  });
});
