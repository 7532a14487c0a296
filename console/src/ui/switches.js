import { html } from '../html.js';
import { t, toggleLanguage } from '../i18n/index.js';
import { nextTheme, theme } from '../theme.js';
import { Icon } from './icons.js';


export function Theme() {
    const title = t(`theme_${theme.value}`);

    return html`
        <button class="tool" title=${title} aria-label=${title}
            onClick=${nextTheme}>
            <${Icon} name=${theme.value} />
        </button>`;
}


export function Language() {
    return html`
        <button class="tool" title=${t('language_title')}
            aria-label=${t('language_title')} onClick=${toggleLanguage}>
            ${t('language')}
        </button>`;
}
