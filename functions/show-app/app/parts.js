// What the views share: how values are written, and the parts that a view is made of.
//
// What a partner sent is only ever a text node: no view makes markup from it.

import { html, useEffect, useRef, useState } from './preact.js';

/** A text with its invisible direction marks and control characters made visible, so that no text looks like another. */
export function shown(text) {
  return String(text).replace(
    /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/gu,
    (c) => `[U+${c.codePointAt(0).toString(16).toUpperCase().padStart(4, '0')}]`,
  );
}

/** A person's name, or what else tells the person. */
export function person({ firstName, lastName, phone, email }) {
  const name = [firstName, lastName].filter((part) => part?.trim()).join(' ');
  return shown(name || (phone && number(phone)) || email || 'A lead without a name');
}

/** A phone number as people write it. */
export function number(phone) {
  const national = /^\+1(\d{3})(\d{3})(\d{4})$/.exec(phone ?? '');
  return national ? `(${national[1]}) ${national[2]}-${national[3]}` : shown(phone ?? '');
}

const UNITS = [['day', 86_400], ['hour', 3600], ['minute', 60]];
const RELATIVE = new Intl.RelativeTimeFormat('en', { numeric: 'auto', style: 'short' });
const DATE = new Intl.DateTimeFormat('en-US', { dateStyle: 'medium', timeStyle: 'medium' });
const COUNT = new Intl.NumberFormat('en-US');

export const count = (n) => COUNT.format(n);
export const plural = (n, one) => `${count(n)} ${one}${n === 1 ? '' : 's'}`;

export const date = (time) => DATE.format(new Date(time));

function age(time) {
  const seconds = Math.max(0, (Date.now() - new Date(time)) / 1000);
  const [unit, length] = UNITS.find(([, length]) => seconds >= length) ?? [];
  return unit ? RELATIVE.format(-Math.floor(seconds / length), unit) : 'now';
}

/** How long ago something was, with the time itself as a tooltip. */
export function Age({ time }) {
  return time ? html`<time datetime=${time} title=${date(time)}>${age(time)}</time>` : null;
}

/** The heading of a view. It takes the focus when the view opens, so that a screen reader begins there. */
export function Heading({ children, title }) {
  const heading = useRef();
  useEffect(() => {
    document.title = `${title} · Leadping`;
    heading.current.focus({ preventScroll: true });
  }, [title]);
  return html`<h1 tabindex="-1" ref=${heading}>${children}</h1>`;
}

export function Status({ tone, children }) {
  return html`<span class="status ${tone ?? ''}">${children}</span>`;
}

export function Loading() {
  return html`<div class="loading" role="status"><span class="hidden">Loading</span><i /><i /><i /></div>`;
}

export function Empty({ title, children }) {
  return html`<div class="empty"><h2>${title}</h2><p>${children}</p></div>`;
}

/** A failure, and what to do about it. `retries` says that the page itself tries again, too. */
export function Failure({ problem, again, retries }) {
  if (!problem || problem.kind === 'ended') return null;
  const mayPass = problem.kind === 'unavailable';
  return html`<div class="failure" role="alert">
    <p><strong>${problem.message}</strong> ${mayPass && retries && 'We keep trying.'}</p>
    ${mayPass && again && html`<button type="button" onClick=${again}>Try now</button>`}
  </div>`;
}

const SHORTEST = 2000; // milliseconds between two polls
const LONGEST = 30_000;

/** Runs `load` now, and again 2 s after it has ended, while the page is visible and `repeats` is true. After a failure
 * it waits longer. Returns what it returned last, the problem of the last run, and a function to run it now. */
export function usePolled(load, keys, repeats = true) {
  const [state, setState] = useState({ value: null, problem: null });
  const run = useRef(() => {});
  const repeating = useRef(repeats);
  repeating.current = repeats;
  useEffect(() => {
    let timer = null;
    let wait = SHORTEST;
    let running = false;
    let over = false;
    setState({ value: null, problem: null });
    const isHidden = () => document.visibilityState === 'hidden';
    run.current = async () => {
      clearTimeout(timer);
      if (running || over) return;
      running = true;
      try {
        const value = await load();
        wait = SHORTEST;
        if (!over) setState({ value, problem: null });
      } catch (problem) {
        wait = Math.min(2 * wait, LONGEST);
        if (!over) setState(({ value }) => ({ value, problem }));
        // Only a service that does not answer is worth another try.
        if (problem.kind !== 'unavailable') over = true;
      }
      running = false;
      if (!over && (repeating.current || wait > SHORTEST) && !isHidden()) timer = setTimeout(run.current, wait);
    };
    const onVisible = () => isHidden() || !repeating.current || run.current();
    document.addEventListener('visibilitychange', onVisible);
    run.current();
    return () => {
      over = true;
      clearTimeout(timer);
      document.removeEventListener('visibilitychange', onVisible);
    };
  }, keys);
  return { ...state, again: () => run.current() };
}
