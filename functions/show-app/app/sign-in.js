// Sign-in by authorization code with PKCE. It loads when the user signs in.

import { Problem, exchange, isSignedIn, keep, read, settings, write } from './session.js';

const STARTED = 'leadping.sign-in';

/** Sends the user to the issuer. */
export async function signIn() {
  const verifier = base64(crypto.getRandomValues(new Uint8Array(32)));
  const state = base64(crypto.getRandomValues(new Uint8Array(16)));
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(verifier));
  write(STARTED, { verifier, state, back: location.hash });
  const url = new URL(settings.authorizeUrl, location.origin);
  const parameters = {
    response_type: 'code',
    client_id: settings.clientId,
    redirect_uri: redirect(),
    scope: settings.scope,
    state,
    code_challenge: base64(new Uint8Array(digest)),
    code_challenge_method: 'S256',
    ...(settings.audience && { audience: settings.audience }),
  };
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
  location.assign(url);
}

/** Takes what the issuer sends the user back with. */
export async function finish(query) {
  const started = read(STARTED);
  sessionStorage.removeItem(STARTED);
  history.replaceState(null, '', `/app${started?.back ?? ''}`);
  // The issuer's text is not shown: anyone can put a text into this address.
  if (query.get('error') === 'access_denied') throw new Problem('ended', 'The sign-in was canceled.');
  if (query.has('error')) throw new Problem('ended', 'The sign-in did not work. Try again.');
  if (!started || query.get('state') !== started.state) {
    if (isSignedIn()) return;
    throw new Problem('ended', 'This sign-in was not started here, or it is too old. Sign in again.');
  }
  const answer = await exchange({
    grant_type: 'authorization_code',
    code: query.get('code'),
    redirect_uri: redirect(),
    code_verifier: started.verifier,
  });
  if (!answer.ok) throw new Problem('ended', 'The sign-in did not work. Try again.');
  keep(await answer.json());
}

const redirect = () => `${location.origin}/app`;

const base64 = (bytes) => btoa(String.fromCharCode(...bytes)).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');
