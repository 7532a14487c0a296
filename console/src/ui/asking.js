// What dialogs that change the sale have in common: what was answered, and that
// they close when it is done.

import { useRef, useState } from 'preact/hooks';
import { currentApi } from '../session.js';
import { dialog } from '../state.js';


export function useAction(action) {
    const [error, setError] = useState('');
    const unanswered = useRef({});

    async function run(...args) {
        setError('');

        const { ok, message } = await action(currentApi(),
                                             unanswered.current, ...args);

        if (ok) {
            dialog.value = '';
        } else if (message) {
            setError(message);
        }
    }

    return [error, run];
}
