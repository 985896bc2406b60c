// The sources of the business: whether they may send, what they may send, and when they last did.

import { html, useEffect, useState } from './preact.js';
import { Age, Empty, Failure, Heading, Loading, Status, count, shown, usePolled } from './parts.js';
import { call } from './session.js';
import { words } from './words.js';

async function all() {
  const found = [];
  for (let token; token !== null; ) {
    const page = await call('/sources/all/my', { pageSize: 100, ...(token && { continuationToken: token }) });
    found.push(...page.items);
    token = page.continuationToken ?? null;
  }
  return found;
}

export function Sources() {
  const { value, problem, again } = usePolled(all, [], false);
  return html`
    <div class="head"><${Heading} title="Sources">Sources<//></div>
    <${Failure} problem=${problem} again=${again} />
    ${!value && !problem && html`<${Loading} />`}
    ${value?.length === 0 && html`<${Empty} title="No sources yet">An operator adds sources to your business.<//>`}
    ${value?.length > 0 && html`<ul class="cards">${value.map((source) => html`<${Source} key=${source.id} source=${source} />`)}</ul>`}`;
}

/** Why a source may not send, or that it may. */
function standing({ enabled, attached, complianceApproved }) {
  if (enabled === false) return ['bad', 'Disabled'];
  if (attached === false) return ['bad', 'Not attached to an account'];
  if (complianceApproved === false) return ['bad', 'Not approved'];
  return ['good', 'Active'];
}

function Source({ source }) {
  const [tone, label] = standing(source);
  const { id, name, allowedStates = [], allowedProducts = [], requiresTrustedForm, limits } = source;
  const rows = [
    ['Last lead', html`<${LastLead} source=${source} />`],
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

/** When the source last sent a lead: its newest in the list of leads, unless the source itself says it. */
function LastLead({ source: { id, lastLeadReceivedAt } }) {
  const [last, setLast] = useState(lastLeadReceivedAt);
  useEffect(() => {
    if (last) return;
    call('/leads/all/my', { filters: [{ field: 'sourceId', value: id }], pageSize: 1 }).then(
      // The service looks at the newest leads of the business. If there are more, the source's may be among them.
      ({ items, continuationToken }) => setLast(items[0]?.createdAt ?? (continuationToken ? 'old' : 'none')),
      () => setLast('unknown'),
    );
  }, []);
  const texts = { none: 'None yet', old: 'Not among the newest leads', unknown: 'Not known right now' };
  if (!last) return html`<span class="dim">…</span>`;
  return texts[last] ? html`<span class="dim">${texts[last]}</span>` : html`<${Age} time=${last} />`;
}

function limitText(value) {
  if (typeof value === 'number') return count(value);
  if (typeof value === 'object' && value !== null) return Object.entries(value).map(([name, of]) => `${words(name)}: ${shown(String(of))}`).join(', ');
  return shown(String(value));
}
