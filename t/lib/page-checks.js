// What a status page must be like, as a browser shows it.  Each function returns
// what is wrong, a line each; PageChecks.pm calls them, and says what they are for.
const checks = {};

const all = (selector, within = document) => [...within.querySelectorAll(selector)];
const shown = e => e.checkVisibility({visibilityProperty: true, opacityProperty: true});
const text = e => (e.innerText ?? e.textContent).trim().replace(/\s+/g, ' ');

// An element as one finds it in the source.
function name(e) {
    const attribute = a => e.hasAttribute(a) ? ` ${a}="${e.getAttribute(a)}"` : '';
    return `<${e.localName}${['id', 'class', 'href', 'name'].map(attribute).join('')}> ${text(e).slice(0, 40)}`.trim();
}

// --- layout ---

// How far an element and the words in it reach to the right.
function right(e) {
    const range = document.createRange();
    const words = [...e.childNodes].filter(n => n.nodeType === Node.TEXT_NODE)
        .map(n => { range.selectNodeContents(n); return range.getBoundingClientRect().right; });
    return Math.round(Math.max(e.getBoundingClientRect().right, ...words) + scrollX);
}

// Nothing is wider than the window: neither is there a scroll bar nor is it cut
// off, but what scrolls by itself.
checks.width = width => {
    const root = document.documentElement, wrong = [];
    if (innerWidth !== width) wrong.push(`the page is laid out for ${innerWidth} px: no viewport, or too wide for it`);
    if (root.scrollWidth > width) wrong.push(`it scrolls to ${root.scrollWidth} px`);
    const scrolls = e => e && e !== document.body && e !== root
        && (getComputedStyle(e).overflowX !== 'visible' || scrolls(e.parentElement));
    const out = all('body *').filter(e => shown(e) && !scrolls(e) && !e.closest('svg *') && right(e) > width + 1);
    return wrong.concat(out.slice(0, 3).map(e => `sticks out to ${right(e)} px: ${name(e)}`));
};

// --- words ---

// One <h1> is the first, and none is skipped on the way down.
checks.headings = () => {
    const headings = all('h1, h2, h3, h4, h5, h6').filter(shown);
    const wrong = [];
    let last = 0;
    for (const h of headings) {
        const level = +h.localName[1];
        if (level > last + 1) wrong.push(`h${level} behind ${last ? 'h' + last : 'nothing'}: ${name(h)}`);
        if (level === 1 && last) wrong.push(`another h1: ${name(h)}`);
        if (!text(h)) wrong.push(`without words: ${name(h)}`);
        last = level;
    }
    return headings.length ? wrong : ['no heading'];
};

// A state has a word, whatever its colour.
checks.badges = () => all('.badge').filter(e => shown(e) && !/[a-z]/i.test(text(e))).map(e => `without a word: ${name(e)}`);

// What a page has to say: to compare it with itself.
checks.content = () => all('h1, h2, h3, h4, h5, h6, p, td, th, dt, dd, li, summary, .badge, code')
    .filter(shown).map(e => { const c = e.cloneNode(true); all('button', c).forEach(b => b.remove()); return c.textContent.trim().replace(/\s+/g, ' '); })
    .filter(t => t !== '');

// --- colours ---

const pixel = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
// Any CSS colour as [red, green, blue, alpha]
function colour(css) {
    pixel.canvas.width = pixel.canvas.height = 1;
    pixel.fillStyle = css;
    pixel.fillRect(0, 0, 1, 1);
    return [...pixel.getImageData(0, 0, 1, 1).data];
}
function luminance(rgb) {
    const [r, g, b] = rgb.slice(0, 3).map(c => c / 255).map(c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}
function contrast(a, b) {
    const [dark, bright] = [luminance(a), luminance(b)].sort((x, y) => x - y);
    return (bright + 0.05) / (dark + 0.05);
}
// The first of these elements that has an opaque colour is what is behind.
function behind(elements) {
    for (const e of elements) {
        const style = getComputedStyle(e);
        const of = e instanceof SVGGeometryElement ? style.fill : e instanceof SVGElement ? 'none' : style.backgroundColor;
        if (of === 'none' || of.startsWith('url')) continue;
        const c = colour(of);
        if (c[3] > 250 && (!e.getAttribute('fill-opacity') && style.fillOpacity === '1')) return c;
    }
    return colour('Canvas');
}
const ancestors = e => e ? [e, ...ancestors(e.parentElement)] : [];

// Words in a picture, which axe-core leaves out: as readable as others.
checks.pictures = () => all('svg text').filter(shown).flatMap(e => {
    e.scrollIntoView({block: 'center', inline: 'center'});
    const box = e.getBoundingClientRect();
    const stack = document.elementsFromPoint(box.x + box.width / 2, box.y + box.height / 2).filter(o => !e.contains(o));
    const ratio = contrast(colour(getComputedStyle(e).fill), behind(stack));
    return ratio < 4.5 ? [`contrast ${ratio.toFixed(2)}: ${name(e)}`] : [];
});

// --- keyboard ---

const reachable = () => all('a[href], area[href], button, input:not([type=hidden]), select, textarea, summary, [onclick], [role=button], [tabindex]')
    .filter(e => shown(e) && !e.disabled && !(e.tabIndex < 0 && e.hasAttribute('tabindex') && !e.matches('a, button, input, select, textarea, summary')));

// What can be seen of an element that has the focus.
function focus_of(e) {
    const style = getComputedStyle(e), box = e.getBoundingClientRect();
    if (box.width < 2 || box.height < 2 || box.right <= 0 || box.left >= innerWidth || box.bottom <= 0 || box.top >= innerHeight)
        return `is not to be seen with the focus: ${name(e)}`;
    if (style.outlineStyle === 'none' || parseFloat(style.outlineWidth) < 1) return `no outline with the focus: ${name(e)}`;
    if (style.outlineStyle === 'auto') return ''; // the browser's own, of two colours
    const c = colour(style.outlineColor);
    const ratio = c[3] < 128 ? 1 : contrast(c, behind(ancestors(e.parentElement)));
    return ratio < 3 ? `outline's contrast ${ratio.toFixed(2)}: ${name(e)}` : '';
}

// Listens to where the focus goes; how often Tab has to be pressed.
checks.begin_tab = () => {
    window.visited = new Map();
    document.addEventListener('focusin', e => window.visited.set(e.target, focus_of(e.target)));
    document.activeElement?.blur();
    scrollTo(0, 0);
    getSelection().removeAllRanges();
    return reachable().length + 3;
};
checks.end_tab = () => reachable().filter(e => !window.visited.has(e)).map(e => `Tab does not come to: ${name(e)}`)
    .concat([...window.visited.values()].filter(t => t !== ''));

// --- without scripts, and with ---

// What does nothing without a script is not there.
checks.dead = () => all('button, input[type=button], [role=button]').filter(e => shown(e) && !e.form).map(e => `does nothing: ${name(e)}`);

// Values to be copied: of each in its place, what it is.
const values = () => all('.copy').filter(shown);
const value = e => (e.querySelector('code') ?? e).textContent;
checks.values = () => values().map(value);
checks.value = i => values()[i].querySelector('code') ?? values()[i];
checks.button = i => values()[i]?.querySelector('button');
checks.selected = () => getSelection().toString();

// --- on paper ---

// Of the controls none is printed, all that is said is.
checks.paper = () => {
    const wrong = all('nav, form, button, input, select').filter(shown).map(e => `is printed: ${name(e)}`);
    const main = document.querySelector('main');
    if (!main || !shown(main)) return wrong.concat('nothing of <main> is printed');
    const dark = luminance(behind(ancestors(main)));
    return dark < 0.8 ? wrong.concat(`on a dark page: ${dark.toFixed(2)}`) : wrong;
};

return checks[arguments[0]](...[...arguments].slice(1));
