// What this browser remembers: preferences for good, the key for as long as the
// tab is open.  A browser that allows neither forgets.

const PREFIX = 'seckill-console.';

function attempt(what) {
    try {
        return what();
    } catch {
        return null;
    }
}

export const remembered = name =>
    attempt(() => localStorage.getItem(PREFIX + name));

export const remember = (name, value) =>
    attempt(() => localStorage.setItem(PREFIX + name, value));


// consoles of several zones on one host have keys of their own

const keyName = () => `${PREFIX}key ${location.pathname}`;

export const savedKey = () => attempt(() => sessionStorage.getItem(keyName()));

export const saveKey = key => attempt(() => key
    ? sessionStorage.setItem(keyName(), key)
    : sessionStorage.removeItem(keyName()));
