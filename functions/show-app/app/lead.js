// One lead: what happened to it, what we found out, and every member that was sent.

import { html, useEffect, useState } from './preact.js';
import { Age, Failure, Heading, Loading, Status, date, number, person, shown, usePolled } from './parts.js';
import { call } from './session.js';
import { words } from './words.js';

/** A lead changes until it is ready and its certificate is kept. */
const isSettled = ({ processingStatus, consent }) => processingStatus !== 'Enriching' && consent?.status !== 'pending';

export function Lead({ id }) {
  const [settled, setSettled] = useState(false);
  const load = () => call(`/leads/${encodeURIComponent(id)}`);
  const { value: lead, problem, again } = usePolled(load, [id], !settled);
  useEffect(() => {
    if (!lead) return;
    setSettled(isSettled(lead));
    markRead(lead.conversation);
  }, [lead]);

  if (problem?.kind === 'missing' || problem?.kind === 'refused') {
    return html`<${Back} /><${Heading} title="Not found">This lead is not found<//>
      <p>The address has the id of no lead of your business. <a href="#/">Go to the inbox</a>.</p>`;
  }
  return html`<${Back} /><${Failure} problem=${problem} again=${again} retries />
    ${lead ? html`<${Detail} lead=${lead} />` : !problem && html`<${Loading} />`}`;
}

const Back = () => html`<p class="back"><a href="#/">← Inbox</a></p>`;

/** Marks the conversation as read, as far as this page has shown it. It stays unread if that fails. */
function markRead(conversation) {
  if (!conversation?.isUnread) return;
  call(`/conversations/${encodeURIComponent(conversation.id)}/mark-read?eventVersion=${conversation.eventVersion}`, {}).catch(() => {});
}

function Detail({ lead }) {
  const { contact = {}, metadata = {}, customer = {} } = lead;
  const { lookup, number: phone, ...aboutPhone } = contact.phone ?? {};
  const { firstName, lastName, email, streetAddress, timeZoneId, phone: _phone, ...otherContact } = contact;
  const { sourceMetadata, ...ownMetadata } = metadata;
  const isErased = lead.processingStatus === 'Erased';
  const name = isErased ? 'Erased lead' : person({ firstName, lastName, phone, email });
  return html`
    <div class="head">
      <${Heading} title=${name}><bdi>${name}</bdi><//>
      <${Status} tone=${{ Ready: 'good', Erased: 'dim' }[lead.processingStatus] ?? 'busy'}>${words(lead.processingStatus ?? '')}<//>
    </div>
    <p class="under">${lead.source?.name && html`From <bdi>${shown(lead.source.name)}</bdi>, `}received <${Age} time=${lead.createdAt} />
      ${lead.test && ', by a test key'}</p>
    ${lead.duplicateOf && html`<p class="under">Earlier lead of the same person: <a href="#/leads/${encodeURIComponent(lead.duplicateOf)}">${lead.duplicateOf}</a></p>`}
    ${(phone || email) && html`<ul class="reach">
      ${phone && html`<li><span class="label">Phone</span> <a href="tel:${phone}">${number(phone)}</a>
        <${Copy} value=${phone} what="the phone number" /></li>`}
      ${email && html`<li><span class="label">E-mail</span> <bdi class="value">${shown(email)}</bdi>
        <${Copy} value=${email} what="the e-mail address" /></li>`}
    </ul>`}
    <div class="columns">
      <div>
        <${Card} title="Timeline"><${Timeline} events=${lead.events ?? []} /><//>
        <${Card} title="Eligibility"><${Eligibility} of=${lead.eligibility} /><//>
        ${!isErased && html`<${Card} title="Lookup"><${Lookup} lookup=${lookup} phone=${phone} status=${lead.processingStatus} /><//>`}
        ${(!isErased || lead.consent) && html`<${Card} title="Consent"><${Consent} consent=${lead.consent} certificate=${metadata.trustedFormUrl} /><//>`}
      </div>
      <div>
        ${[['Contact', { firstName, lastName, phone, ...aboutPhone, email, ...streetAddress, timeZoneId, ...otherContact }], ['Customer', customer], ['Origin', ownMetadata]]
          .map(([title, of]) => (!isErased || given(of).length > 0) && html`<${Card} title=${title}><${Members} of=${of} /><//>`)}
        ${filled(sourceMetadata) && html`<${Card} title="Sent by the source"><${Members} of=${sourceMetadata} isFree /><//>`}
        ${(filled(lead.tagNames) || filled(lead.tagIds)) && html`<${Card} title="Tags"><${Members} of=${{ tagNames: lead.tagNames, tagIds: lead.tagIds }} /><//>`}
        <${Card} title="Record"><${Members} of=${{ leadId: lead.id, sourceId: lead.sourceId ?? lead.source?.id, createdAt: lead.createdAt }} /><//>
      </div>
    </div>`;
}

const filled = (value) => value && Object.keys(value).length > 0;

/** The members that have a value. */
const given = (of) => Object.entries(of).filter(([, value]) => value !== undefined && value !== null && value !== '' && (typeof value !== 'object' || filled(value)));

function Card({ title, children }) {
  return html`<section class="card"><h2>${title}</h2>${children}</section>`;
}

function Timeline({ events }) {
  if (events.length === 0) return html`<p class="dim">Nothing has happened yet. This page shows it when it does.</p>`;
  return html`<ol class="timeline">
    ${events.map((event) => html`<li key=${event.id}>
      <span>${shown(event.summary ?? words(event.eventType ?? ''))}</span>
      <time class="dim" datetime=${event.createdAt ?? event.timestamp}>${date(event.createdAt ?? event.timestamp)}</time>
    </li>`)}
  </ol>`;
}

/** Why a person may not be texted or called, in words. */
const REASONS = {
  lead_erased: 'The person’s data was erased',
  test_lead: 'This is a test',
  no_phone: 'There is no phone number',
  phone_invalid: 'The phone number does not exist',
  phone_not_us: 'The phone number is outside of the United States',
  phone_premium: 'Calls to this number cost extra',
  lookup_pending: 'The phone number is still being looked up',
  line_type_not_textable: 'This kind of line gets no texts',
  line_type_unknown: 'It is not known whether this kind of line gets texts',
  consent_pending: 'TrustedForm has not confirmed the consent yet',
  consent_mismatched: 'The certificate is about another person',
  consent_unverified: 'TrustedForm could not confirm the consent',
  source_not_approved: 'The source is not approved',
};

function Eligibility({ of }) {
  if (!of) return html`<p class="dim">Not known.</p>`;
  return html`<dl class="verdicts">
    ${[['Text', of.sms], ['Call', of.call]].map(([name, channel]) => channel && html`
      <dt>${name}</dt>
      <dd><${Status} tone=${channel.eligible ? 'good' : 'bad'}>${channel.eligible ? 'Allowed' : 'Not allowed'}<//>
        ${filled(channel.reasons) && html`<ul>${channel.reasons.map((reason) => html`<li>${REASONS[reason] ?? words(reason)}</li>`)}</ul>`}
      </dd>`)}
  </dl>
  <p class="note">Quiet hours and opt-outs are up to you.</p>`;
}

function Lookup({ lookup, phone, status }) {
  if (lookup) return html`<${Members} of=${lookup} />`;
  if (!phone) return html`<p class="dim">There is no phone number to look up.</p>`;
  return html`<p class="dim">${status === 'Enriching' ? 'The phone number is being looked up.' : 'The phone number was not looked up.'}</p>`;
}

const CONSENT = {
  pending: ['busy', 'Being checked'],
  verified: ['good', 'Verified'],
  mismatched: ['bad', 'About another person'],
  unverified: ['bad', 'Could not be verified'],
  exempt: ['dim', 'Not needed'],
};

/** Why a consent could not be verified, in words. */
const CONSENT_REASONS = {
  match_not_possible: 'The certificate holds no value to compare with',
  certificate_refused: 'TrustedForm does not accept the certificate',
  certificate_not_found: 'TrustedForm does not know the certificate',
  certificate_not_claimable: 'TrustedForm cannot keep a certificate of this kind',
  certificate_expired: 'The certificate has expired',
  certificate_used_too_often: 'The certificate was claimed too often',
  trusted_form_unavailable: 'TrustedForm did not answer for 60 hours',
};

function Consent({ consent, certificate }) {
  if (!consent) {
    return html`<p class="dim">${certificate ? 'The certificate was valid when the lead came in. Its source does not keep certificates.' : 'The source needs no certificate.'}</p>
      ${certificate && html`<${Members} of=${{ certificate }} />`}`;
  }
  const { status, reason, ...rest } = consent;
  const [tone, label] = CONSENT[status] ?? ['dim', words(status)];
  return html`<p><${Status} tone=${tone}>${label}<//></p><${Members} of=${{ reason: reason && (CONSENT_REASONS[reason] ?? words(reason)), ...rest, certificate }} />`;
}

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/;

/** Every member of an object, also those that this page does not know. The names of free members are shown as sent. */
function Members({ of, isFree }) {
  const members = given(of);
  if (members.length === 0) return html`<p class="dim">Nothing was sent.</p>`;
  return html`<dl class="members">${members.map(([name, value]) => html`
    <div key=${name}><dt>${isFree ? html`<bdi>${shown(name)}</bdi>` : words(name)}</dt><dd><${Value} of=${value} name=${name} isFree=${isFree} /></dd></div>`)}</dl>`;
}

function Value({ of, name, isFree }) {
  if (Array.isArray(of)) return of.map((value, index) => html`${index > 0 && ', '}<${Value} of=${value} />`);
  if (typeof of === 'object') return html`<${Members} of=${of} isFree=${isFree} />`;
  if (typeof of === 'boolean') return of ? 'Yes' : 'No';
  const text = String(of);
  if (!isFree && TIME.test(text)) return html`<time datetime=${text}>${date(text)}</time>`;
  if (!isFree && (name === 'phone' || name === 'number')) return number(text);
  return html`<${Text} value=${text} />`;
}

/** A text of a partner, which is a link only if it is an https address. */
function Text({ value }) {
  const text = shown(value);
  let url = null;
  if (/^https:\/\/\S+$/i.test(value)) {
    try {
      url = new URL(value);
    } catch {
      // Then it is a text.
    }
  }
  return url
    ? html`<a class="value" href=${url.href} target="_blank" rel="noopener noreferrer nofollow">${text}</a>`
    : html`<bdi class="value">${text}</bdi>`;
}

function Copy({ value, what }) {
  const [done, setDone] = useState('');
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(value);
      setDone('Copied');
    } catch {
      setDone('Not allowed');
    }
  };
  useEffect(() => {
    const timer = done && setTimeout(setDone, 2000, '');
    return () => clearTimeout(timer);
  }, [done]);
  return html`<button type="button" class="quiet copy" aria-label="Copy ${what}" onClick=${copy}>${done || 'Copy'}</button>
    <span class="hidden" role="status">${done && `${done}: ${what}`}</span>`;
}
