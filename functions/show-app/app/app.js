// The page: who is signed in, which view is open, and the frame around it.

import { html, render, useEffect, useState } from './preact.js';
import { Failure, Heading, Loading } from './parts.js';
import { Inbox } from './inbox.js';
import { Problem, isSignedIn, settings, signOut, start } from './session.js';

/** The views, by the beginning of the address after `#/`. All but the inbox load when they are first opened. */
const VIEWS = {
  leads: () => styled(import('./lead.js')).then((view) => view.Lead),
  reports: () => styled(import('./reports.js')).then((view) => view.Reports),
  sources: () => styled(import('./sources.js')).then((view) => view.Sources),
};

let styles = null;

/** A view with its styles, which load once. */
async function styled(view) {
  styles ??= new Promise((onload, onerror) => {
    document.head.append(Object.assign(document.createElement('link'), { rel: 'stylesheet', href: '/app/views.css', onload, onerror }));
  });
  await styles;
  return view;
}

const LINKS = [['', 'Inbox'], ['reports', 'Reports'], ['sources', 'Sources']];

/** The view and the id in the address. */
function place() {
  const [name, id] = location.hash.replace(/^#\/?/, '').split('/');
  try {
    return [Object.hasOwn(VIEWS, name) ? name : '', id && decodeURIComponent(id)];
  } catch {
    return ['', undefined];
  }
}

function usePlace() {
  const [now, setNow] = useState(place());
  useEffect(() => {
    const changed = () => {
      setNow(place());
      scrollTo(0, 0);
    };
    addEventListener('hashchange', changed);
    return () => removeEventListener('hashchange', changed);
  }, []);
  return now;
}

function Frame() {
  const [name, id] = usePlace();
  const current = name === 'leads' ? '' : name;
  // Loading the page again also drops what the views remember.
  const leave = () => {
    signOut();
    location.replace('/app');
  };
  return html`<a class="skip" href="#content" onClick=${skip}>Skip to the content</a>
    <header>
      <a class="brand" href="#/"><${Mark} /> Leadping</a>
      <nav aria-label="Main">
        ${LINKS.map(([to, label]) => html`<a href="#/${to}" aria-current=${current === to ? 'page' : null}>${label}</a>`)}
      </nav>
      <button type="button" class="quiet" onClick=${leave}>Sign out</button>
    </header>
    <main id="content" tabindex="-1">
      ${name === '' ? html`<${Inbox} />` : html`<${Later} key=${`${name}/${id}`} name=${name} id=${id} />`}
    </main>`;
}

// A link to a part of the page would be an address of a view.
function skip(event) {
  event.preventDefault();
  document.getElementById('content').focus();
}

function Later({ name, id }) {
  const [view, setView] = useState(null);
  const [problem, setProblem] = useState(null);
  const load = () => {
    setProblem(null);
    VIEWS[name]().then((View) => setView(() => View), () => setProblem({ kind: 'unavailable', message: 'This view does not load.' }));
  };
  useEffect(load, [name]);
  const View = view;
  if (problem) return html`<${Failure} problem=${problem} again=${() => location.reload()} />`;
  return View ? html`<${View} id=${id} />` : html`<${Loading} />`;
}

function Mark() {
  return html`<svg class="mark" viewBox="0 0 32 32" aria-hidden="true"><rect width="32" height="32" rx="8" />
    <circle cx="16" cy="16" r="4" /><path d="M8.6 8.6a10.5 10.5 0 0 0 0 14.8M23.4 8.6a10.5 10.5 0 0 1 0 14.8" /></svg>`;
}

function SignIn({ problem: first }) {
  const [problem, setProblem] = useState(first);
  const signIn = () => import('./sign-in.js').then((module) => module.signIn())
    .catch(() => setProblem(new Problem('unavailable', 'The sign-in does not load. Try again.')));
  return html`<main class="sign-in">
    <${Mark} />
    <${Heading} title="Sign in">Leadping<//>
    <p>See your leads as they arrive.</p>
    ${problem && html`<p class="failure" role="alert">${problem.message}</p>`}
    <button type="button" class="main" onClick=${signIn}>${settings?.isDemo ? 'Continue as demo user' : 'Sign in'}</button>
    ${settings?.isDemo && html`<p class="note">This is a development server. The demo user belongs to the business of the demo sources.</p>`}
  </main>`;
}

function App({ problem: first }) {
  const [signedIn, setSignedIn] = useState(isSignedIn());
  const [problem, setProblem] = useState(first);
  onEnd = (ended) => {
    setProblem(ended);
    setSignedIn(false);
  };
  return signedIn ? html`<${Frame} />` : html`<${SignIn} problem=${problem} />`;
}

let onEnd = () => {};
let problem = null;
try {
  await start((ended) => onEnd(ended));
  // The issuer has just sent the user back.
  const query = new URLSearchParams(location.search);
  if (query.has('code') || query.has('error')) await import('./sign-in.js').then(({ finish }) => finish(query));
} catch (error) {
  problem = error;
}
const root = document.getElementById('app');
root.replaceChildren();
if (settings) render(html`<${App} problem=${problem} />`, root);
else render(html`<main class="sign-in"><${Failure} problem=${problem} again=${() => location.reload()} /></main>`, root);
