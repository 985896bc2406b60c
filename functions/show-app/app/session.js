// The tokens of the user who is signed in, and the calls of the API.
//
// The tokens are in the tab's session storage: a reload keeps them, and closing the tab drops them.

const KEPT = 'leadping.session';
const TIMEOUT = 15_000; // milliseconds
const LEEWAY = 10_000; // a token that ends within this time is refreshed before it is used

/** Where and how to sign in: the answer of `/app/settings.json`. */
export let settings = null;

let tokens = read(KEPT);
let refreshing = null;
let onEnd = () => {};

/** What went wrong, in words for the user. `kind` is `ended`, `forbidden`, `missing`, `refused` or `unavailable`. */
export class Problem extends Error {
  constructor(kind, message) {
    super(message);
    this.kind = kind;
  }
}

export const isSignedIn = () => tokens !== null;

/** Loads the settings. `ended` is called when the session ends by itself. */
export async function start(ended) {
  onEnd = ended;
  const answer = await send('/app/settings.json', {});
  if (!answer.ok) throw new Problem('unavailable', 'The page’s settings do not load.');
  settings = await answer.json();
}

/** Forgets the tokens. */
export function signOut() {
  tokens = null;
  sessionStorage.removeItem(KEPT);
}

/** Calls the API and returns the answer's JSON. A token that has ended is refreshed once, however many calls wait. */
export async function call(path, body) {
  const options = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) };
  let used = await current();
  let answer = await send(path, options, used);
  if (answer.status === 401) {
    // Another call may have refreshed it in the meantime.
    used = tokens?.access === used ? await refreshed() : await current();
    answer = await send(path, options, used);
  }
  if (answer.ok) return answer.json();
  throw await problem(answer);
}

/** Every item of a list, page by page. */
export async function callAll(path) {
  const found = [];
  for (let token; token !== null; ) {
    const page = await call(path, { pageSize: 100, ...(token && { continuationToken: token }) });
    found.push(...page.items);
    token = page.continuationToken ?? null;
  }
  return found;
}

async function problem(answer) {
  const { status } = answer;
  if (status === 401) return ended();
  const { detail, code } = await answer.json().catch(() => ({}));
  if (code === 'business.none') return new Problem('forbidden', 'Your account belongs to no business here. Ask your administrator.');
  if (status === 403) return new Problem('forbidden', detail ?? 'You may not see this.');
  if (status === 404) return new Problem('missing', 'It is not there, or it is not your business’s.');
  if (status === 429) return new Problem('unavailable', 'There are too many requests right now.');
  if (status < 500) return new Problem('refused', detail ?? 'The service does not understand this request.');
  return new Problem('unavailable', 'The service does not answer right now.');
}

function ended() {
  signOut();
  const problem = new Problem('ended', 'Your session has ended. Sign in again to continue.');
  onEnd(problem);
  return problem;
}

async function current() {
  if (!tokens) throw ended();
  return tokens.until - LEEWAY < Date.now() ? refreshed() : tokens.access;
}

function refreshed() {
  refreshing ??= refresh().finally(() => (refreshing = null));
  return refreshing;
}

async function refresh() {
  const token = tokens?.refresh;
  if (!token) throw ended();
  const answer = await exchange({ grant_type: 'refresh_token', refresh_token: token });
  // Only the issuer's refusal of the token ends the session: an issuer that is down or busy for a moment does not.
  if (answer.status === 400 || answer.status === 401) throw ended();
  if (!answer.ok) throw new Problem('unavailable', 'The sign-in service does not answer right now.');
  keep(await answer.json(), token);
  return tokens.access;
}

export function exchange(parameters) {
  const body = new URLSearchParams({ client_id: settings.clientId, ...parameters });
  return send(new URL(settings.tokenUrl, location.origin), { method: 'POST', body });
}

export function keep(answer, refresh) {
  const until = Date.now() + 1000 * (answer.expires_in ?? 300);
  tokens = { access: answer.access_token, refresh: answer.refresh_token ?? refresh, until };
  write(KEPT, tokens);
}

async function send(url, options, token) {
  const headers = {};
  if (token) headers.authorization = `Bearer ${token}`;
  if (typeof options.body === 'string') headers['content-type'] = 'application/json';
  try {
    return await fetch(url, { ...options, headers, credentials: 'omit', signal: AbortSignal.timeout(TIMEOUT) });
  } catch {
    const message = navigator.onLine ? 'The service cannot be reached.' : 'You are offline.';
    throw new Problem('unavailable', message);
  }
}

export function read(name) {
  try {
    return JSON.parse(sessionStorage.getItem(name));
  } catch {
    return null;
  }
}

export function write(name, value) {
  sessionStorage.setItem(name, JSON.stringify(value));
}
