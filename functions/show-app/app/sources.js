// The sources of the business: whether they may send, what they may send, and how much they did.

import { html } from './preact.js';
import { Empty, Failure, Heading, Loading, Status, count, plural, shown, usePolled } from './parts.js';
import { call, callAll } from './session.js';

const DAYS = 7;

export function Sources() {
  const { value, problem, again } = usePolled(() => callAll('/sources/all/my'), [], false);
  // One report has the leads of every source. Without it, the sources are shown all the same.
  const { value: report } = usePolled(() => call(`/analytics/my?days=${DAYS}`), [], false);
  const sent = report?.leadSources && new Map(report.leadSources.map(({ sourceId, leads }) => [sourceId, leads]));
  return html`
    <div class="head"><${Heading} title="Sources">Sources<//></div>
    <${Failure} problem=${problem} again=${again} retries />
    ${!value && !problem && html`<${Loading} />`}
    ${value?.length === 0 && html`<${Empty} title="No sources yet">An operator adds sources to your business.<//>`}
    ${value?.length > 0 && html`<ul class="cards">${value.map((source) => html`<${Source} key=${source.id} source=${source} sent=${sent && (sent.get(source.id) ?? 0)} />`)}</ul>`}`;
}

/** Why a source may not send, or that it may. */
function standing({ enabled, attached, complianceApproved, limits }) {
  if (enabled === false) return ['bad', 'Disabled'];
  if (attached === false) return ['bad', 'Not attached to an account'];
  if (complianceApproved === false) return ['bad', 'Not approved'];
  if (limits?.day === 0 || limits?.hour === 0) return ['busy', 'Paused: its limit is 0'];
  return ['good', 'Active'];
}

function Source({ source, sent }) {
  const [tone, label] = standing(source);
  const { id, name, allowedStates = [], allowedProducts = [], requiresTrustedForm, limits, duplicates } = source;
  const rows = [
    ...(typeof sent === 'number' ? [[`Leads in ${DAYS} days`, count(sent)]] : []),
    ['States', allowedStates.length > 0 ? allowedStates.join(', ') : 'All'],
    ['Products', allowedProducts.length > 0 ? html`<bdi>${shown(allowedProducts.join(', '))}</bdi>` : 'All'],
    ['TrustedForm certificate', requiresTrustedForm === false ? 'Not needed' : 'Needed'],
    ['Limit', limits ? limitText(limits) : 'None'],
    ['Same person again', duplicates ? duplicateText(duplicates) : 'Accepted'],
    ['ID', html`<code>${id}</code>`],
  ];
  return html`<li class="card">
    <div class="head"><h2><bdi>${shown(name ?? id)}</bdi></h2><${Status} tone=${tone}>${label}<//></div>
    <dl class="members">${rows.map(([term, text]) => html`<div><dt>${term}</dt><dd>${text}</dd></div>`)}</dl>
  </li>`;
}

function limitText({ day, hour, timeZone }) {
  const caps = [[day, 'a day'], [hour, 'an hour']].filter(([most]) => typeof most === 'number');
  return `At most ${caps.map(([most, time]) => `${plural(most, 'lead')} ${time}`).join(' and ')} (${shown(timeZone)})`;
}

const KEYS = { phone: 'phone number', email: 'e-mail address' };

function duplicateText({ by, days, scope, action }) {
  const keys = by.map((key) => KEYS[key] ?? key).join(' or ');
  const from = scope === 'business' ? 'any source of your business with such a rule' : 'this source';
  return `${action === 'refuse' ? 'Refused' : 'Accepted and marked'} if the same ${keys} came from ${from} in the last ${days === 1 ? 'day' : plural(days, 'day')}`;
}
