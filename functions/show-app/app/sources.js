// The sources of the business: whether they may send, what they may send, and how much they did.

import { html } from './preact.js';
import { Empty, Failure, Heading, Loading, Status, count, shown, usePolled } from './parts.js';
import { call, callAll } from './session.js';
import { words } from './words.js';

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
function standing({ enabled, attached, complianceApproved }) {
  if (enabled === false) return ['bad', 'Disabled'];
  if (attached === false) return ['bad', 'Not attached to an account'];
  if (complianceApproved === false) return ['bad', 'Not approved'];
  return ['good', 'Active'];
}

function Source({ source, sent }) {
  const [tone, label] = standing(source);
  const { id, name, allowedStates = [], allowedProducts = [], requiresTrustedForm, limits } = source;
  const rows = [
    ...(typeof sent === 'number' ? [[`Leads in ${DAYS} days`, count(sent)]] : []),
    ['States', allowedStates.length > 0 ? allowedStates.join(', ') : 'All'],
    ['Products', allowedProducts.length > 0 ? html`<bdi>${shown(allowedProducts.join(', '))}</bdi>` : 'All'],
    ['TrustedForm certificate', requiresTrustedForm === false ? 'Not needed' : 'Needed'],
    ...Object.entries(limits ?? {}).map(([limit, value]) => [words(limit), limitText(value)]),
    ['ID', html`<code>${id}</code>`],
  ];
  return html`<li class="card">
    <div class="head"><h2><bdi>${shown(name ?? id)}</bdi></h2><${Status} tone=${tone}>${label}<//></div>
    <dl class="members">${rows.map(([term, text]) => html`<div><dt>${term}</dt><dd>${text}</dd></div>`)}</dl>
  </li>`;
}

function limitText(value) {
  if (typeof value === 'number') return count(value);
  if (typeof value === 'object' && value !== null) return Object.entries(value).map(([name, of]) => `${words(name)}: ${shown(String(of))}`).join(', ');
  return shown(String(value));
}
