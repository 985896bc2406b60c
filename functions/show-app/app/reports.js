// Leads and refusals by day and source. The days are those of UTC.

import { html, useState } from './preact.js';
import { Empty, Failure, Heading, Loading, Status, count, plural, shown, usePolled } from './parts.js';
import { call, callAll } from './session.js';

const RANGES = [7, 30, 90];
const DAY = new Intl.DateTimeFormat('en-US', { month: 'short', day: 'numeric', timeZone: 'UTC' });
const day = (time) => DAY.format(new Date(time));

async function report(days, source) {
  const [all, metrics] = await Promise.all([
    call(`/analytics/my?days=${days}`),
    source ? call(`/sources/${encodeURIComponent(source)}/metrics?days=${days}`) : null,
  ]);
  return { all, metrics };
}

export function Reports() {
  const [days, setDays] = useState(30);
  const [source, setSource] = useState('');
  const { value: sources } = usePolled(() => callAll('/sources/all/my'), [], false);
  const { value, problem, again } = usePolled(() => report(days, source), [days, source], false);
  return html`
    <div class="head"><${Heading} title="Reports">Reports<//></div>
    <form class="filters" onSubmit=${(event) => event.preventDefault()}>
      <label>Days <select value=${days} onChange=${(event) => setDays(Number(event.target.value))}>
        ${RANGES.map((range) => html`<option value=${range} selected=${range === days}>Last ${range} days</option>`)}
      </select></label>
      <label>Source <select value=${source} onChange=${(event) => setSource(event.target.value)}>
        <option value="">All sources</option>
        ${sources?.map(({ id, name }) => html`<option value=${id} selected=${id === source}>${shown(name ?? id)}</option>`)}
      </select></label>
    </form>
    <${Failure} problem=${problem} again=${again} retries />
    ${!value && !problem && html`<${Loading} />`}
    ${value && html`<${Report} ...${value} days=${days} />`}`;
}

function Report({ all, metrics, days }) {
  const trend = metrics ?? all.leadTrend;
  const total = metrics ? metrics.totalLeads : (all.summary?.leads ?? null);
  // The service counts refusals by source, and only since it can.
  const refusals = (metrics ?? all).errorPoints ?? null;
  const refused = (refusals ?? []).reduce((sum, { value }) => sum + value, 0);
  const codes = codesOf((metrics ?? all).errorsByCode);
  const attention = all.needsAttention ?? [];
  return html`
    ${attention.length > 0 && html`<section class="card attention"><h2>Needs attention</h2><ul>
      ${attention.map((item) => html`<li><${Status} tone=${item.severity === 'info' ? 'dim' : 'bad'}>${shown(item.title ?? '')}<//> <span>${shown(item.detail ?? '')}</span></li>`)}
    </ul></section>`}
    ${attention.length === 0 && all.attentionIsComplete && html`<p class="under">Nothing needs attention.</p>`}
    ${!all.attentionIsComplete && html`<p class="under">Not every source was checked for what needs attention.</p>`}
    <ul class="figures">
      ${total !== null && html`<li><strong>${count(total)}</strong> ${total === 1 ? 'lead' : 'leads'} in ${days} days</li>`}
      ${!metrics && all.leadTrend?.comparison && html`<li><${Comparison} of=${all.leadTrend.comparison} days=${days} /></li>`}
      ${refusals && html`<li><strong>${count(refused)}</strong> ${refused === 1 ? 'refusal' : 'refusals'}</li>`}
    </ul>
    ${total === null && html`<${Empty} title="Too many leads to count">Choose a shorter range, or one source.<//>`}
    ${total !== null && total + refused === 0 && html`<${Empty} title="No leads in these days">Choose a longer range, or look at your sources.<//>`}
    ${trend && total + refused > 0 && html`<section class="card"><h2>Per day</h2>
      <${Days} leads=${trend?.points ?? []} refusals=${refusals} /></section>`}
    ${!metrics && total > 0 && !all.leadSources && html`<p class="under">There are too many sources and days to count each source. Choose a shorter range, or one source.</p>`}
    ${!metrics && all.leadSources?.length > 0 && html`<section class="card"><h2>Per source</h2><${Sources} of=${all.leadSources} /></section>`}
    ${codes.length > 0 && html`<section class="card"><h2>Why leads are refused</h2><${Codes} of=${codes} /></section>`}`;
}

function Comparison({ of, days }) {
  const { current, previous } = of;
  const change = current - previous;
  const more = change === 0 ? 'as many as' : `${count(Math.abs(change))} ${change > 0 ? 'more than' : 'fewer than'}`;
  return html`<strong>${change > 0 ? '▲' : change < 0 ? '▼' : '='}</strong> ${more} in the ${days} days before (${count(previous)})`;
}

/** Codes with their counts, from a list or from an object. */
function codesOf(given = []) {
  if (!Array.isArray(given)) return Object.entries(given).map(([code, value]) => ({ code, value }));
  return given.map(({ code, value, count }) => ({ code, value: value ?? count }));
}

function Codes({ of }) {
  return html`<table><thead><tr><th scope="col">Code</th><th scope="col" class="n">Refusals</th></tr></thead>
    <tbody>${of.map(({ code, value }) => html`<tr><th scope="row"><code>${code}</code></th><td class="n">${count(value)}</td></tr>`)}</tbody></table>`;
}

const HEIGHT = 200;
const LEFT = 36;
const BOTTOM = 22;

/** A round number at or above the highest value, for the axis. */
function ceiling(highest) {
  const power = 10 ** Math.floor(Math.log10(Math.max(highest, 1)));
  return Math.max(4, [1, 1.2, 1.6, 2, 3, 4, 6, 8, 10].map((step) => step * power).find((step) => step >= highest));
}

function Days({ leads, refusals }) {
  // The drawing has the width that it will have on the page, so that its texts keep their size.
  const WIDTH = Math.min(1100, Math.max(280, innerWidth - 72));
  const top = ceiling(Math.max(0, ...leads.map(({ value }) => value), ...(refusals ?? []).map(({ value }) => value)));
  const slot = (WIDTH - LEFT) / Math.max(leads.length, 1);
  const y = (value) => HEIGHT - BOTTOM - (value / top) * (HEIGHT - BOTTOM - 10);
  const total = leads.reduce((sum, { value }) => sum + value, 0);
  const refused = (index) => refusals?.[index]?.value ?? 0;
  const why = (index) => codesOf(refusals?.[index]?.errorsByCode).map(({ code, value }) => `${code} ${count(value)}`).join(', ');
  const bar = (index, value, name, offset, width) => value > 0 && html`<rect class=${name} x=${LEFT + index * slot + offset} y=${y(value)} width=${width} height=${HEIGHT - BOTTOM - y(value)} rx="1.5" />`;
  const wide = Math.max(1, slot * 0.72);
  const every = Math.ceil(leads.length / (WIDTH < 500 ? 4 : 10));
  return html`<figure>
    <svg class="chart" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${`Leads per day: ${plural(total, 'lead')} in ${plural(leads.length, 'day')}. The table below has the numbers.`}">
      ${[0, 0.5, 1].map((part) => html`<g><line x1=${LEFT} x2=${WIDTH} y1=${y(part * top)} y2=${y(part * top)} />
        <text x=${LEFT - 6} y=${y(part * top) + 4} text-anchor="end">${count(part * top)}</text></g>`)}
      ${leads.map(({ startAt, value }, index) => html`<g>
        ${refusals ? [bar(index, value, 'leads', slot * 0.14, wide / 2), bar(index, refused(index), 'refusals', slot * 0.14 + wide / 2, wide / 2)] : bar(index, value, 'leads', slot * 0.14, wide)}
        ${index % every === 0 && html`<text x=${LEFT + (index + 0.5) * slot} y=${HEIGHT - 6} text-anchor="middle">${day(startAt)}</text>`}
      </g>`)}
    </svg>
    ${refusals && html`<figcaption><i class="key leads" /> Leads <i class="key refusals" /> Refusals</figcaption>`}
    <div class="scroll" tabindex="0" role="region" aria-label="Leads per day, as a table"><table>
      <thead><tr><th scope="col">Day (UTC)</th><th scope="col" class="n">Leads</th>${refusals && html`<th scope="col" class="n">Refusals</th><th scope="col">Codes</th>`}</tr></thead>
      <tbody>${leads.map(({ startAt, value }, index) => html`<tr><th scope="row">${day(startAt)}</th><td class="n">${count(value)}</td>${refusals && html`<td class="n">${count(refused(index))}</td><td>${why(index)}</td>`}</tr>`).reverse()}</tbody>
    </table></div>
  </figure>`;
}

function Sources({ of }) {
  const highest = Math.max(1, ...of.map(({ leads }) => leads));
  return html`<table class="bars"><thead><tr><th scope="col">Source</th><th scope="col" class="n">Leads</th><th scope="col" class="n">Share</th><td /></tr></thead>
    <tbody>${of.map(({ source, leads, percent }) => html`<tr>
      <th scope="row"><bdi>${shown(source)}</bdi></th><td class="n">${count(leads)}</td><td class="n">${Math.round(percent ?? 0)}%</td>
      <td class="bar"><svg viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true"><rect class="leads" width=${(100 * leads) / highest} height="8" /></svg></td>
    </tr>`)}</tbody></table>`;
}
