// The inbox: conversations by their last event, the search for leads, and new leads as they arrive.

import { html, useEffect, useRef, useState } from './preact.js';
import { Age, Empty, Failure, Heading, Loading, Status, number, person, plural, shown, usePolled } from './parts.js';
import { call, callAll } from './session.js';

const PAGE = 25;

// The filter and the search outlive the view, so that the way back from a lead leads to the same list.
let last = { unread: false, search: '' };

/** The names of the sources by their ids. They rarely change, so they are read once a minute. */
let names = null;
const NAMES_LAST = 60_000; // milliseconds

async function readNames() {
  if (names?.until > Date.now()) return;
  const sources = await callAll('/sources/all/my');
  names = { of: new Map(sources.map(({ id, name }) => [id, name])), until: Date.now() + NAMES_LAST };
}

/** The address and the body of a list. */
function question({ unread, search }) {
  if (search) return ['/leads/all/my', { search, pageSize: PAGE }];
  const filters = unread ? [{ field: 'isUnread', value: 'true' }] : [];
  return ['/conversations/my', { filters, pageSize: PAGE }];
}

/** A page of rows, which may be empty although the list goes on. */
async function page(asked, token) {
  const [path, body] = question(asked);
  const { items, continuationToken } = await call(path, { ...body, ...(token && { continuationToken: token }) });
  return { rows: items.map(row), token: continuationToken ?? null };
}

/** What changes when there is news: the newest conversations, which are cheap to read. */
async function newest() {
  const { items } = await call('/conversations/my', { pageSize: PAGE });
  return items.map(({ leadId, eventVersion, isUnread }) => `${leadId} ${eventVersion} ${isUnread}`).join();
}

/** A conversation or a lead as a row. */
function row(item) {
  const leadId = item.leadId ?? item.id;
  const sourceId = item.source?.id ?? item.sourceId;
  return {
    leadId,
    name: person({ ...item, phone: item.leadPhoneNumber ?? item.phone }),
    phone: item.leadPhoneNumber ?? item.phone,
    source: item.source?.name ?? names?.of.get(sourceId) ?? sourceId,
    time: item.lastEventAt ?? item.createdAt,
    status: item.processingStatus ?? null,
    snippet: item.lastSnippet ?? null,
    isUnread: item.isUnread ?? false,
  };
}

export function Inbox() {
  const [asked, setAsked] = useState(last);
  const [older, setOlder] = useState({ rows: [], token: undefined, isLoading: false, problem: null });
  const [news, setNews] = useState(0);
  const seen = useRef(null);
  const before = useRef([]);
  const unread = useRef(null);
  last = asked;

  const load = async () => {
    // Without the names, the rows have the ids. What is wrong, the list says, too.
    await readNames().catch(() => {});
    if (!asked.unread) return page(asked);
    // The service reads hundreds of conversations to find the unread ones, so it is asked only when there is news.
    const news = await newest();
    if (unread.current?.news !== news) unread.current = { news, first: await page(asked) };
    return unread.current.first;
  };
  const { value: first, problem, again } = usePolled(load, [asked.unread, asked.search], !asked.search);
  const ask = (change) => {
    seen.current = null;
    before.current = [];
    unread.current = null;
    setOlder({ rows: [], token: undefined, isLoading: false, problem: null });
    setAsked({ ...asked, ...change });
  };

  useEffect(() => {
    if (!first) return;
    const ids = first.rows.map(({ leadId }) => leadId);
    const fresh = seen.current ? ids.filter((id) => !seen.current.has(id)).length : 0;
    if (fresh > 0) setNews((news) => news + fresh);
    // New leads push rows from the first page. If older ones are shown, these rows are now the first of them.
    const end = first.rows.at(-1)?.time ?? '';
    const pushed = before.current.filter(({ leadId, time }) => first.token && time <= end && !ids.includes(leadId));
    before.current = first.rows;
    setOlder((now) => (now.token === undefined || pushed.length === 0 ? now : { ...now, rows: [...pushed, ...now.rows] }));
    seen.current = new Set([...(seen.current ?? []), ...ids]);
  }, [first]);

  // A row that has moved to the first page is not shown twice.
  const shownFirst = new Set(first?.rows.map(({ leadId }) => leadId));
  const rows = [...(first?.rows ?? []), ...older.rows.filter(({ leadId }) => !shownFirst.has(leadId))];
  const token = older.token === undefined ? first?.token : older.token;
  const more = async () => {
    setOlder((now) => ({ ...now, isLoading: true, problem: null }));
    try {
      const next = await page(asked, token);
      const isEmpty = next.rows.length === 0;
      setOlder((now) => ({ rows: [...now.rows, ...next.rows], token: next.token, isEmpty, isLoading: false, problem: null }));
    } catch (problem) {
      setOlder((now) => ({ ...now, isLoading: false, problem }));
    }
  };

  return html`
    <div class="head">
      <${Heading} title="Inbox">Inbox<//>
      <p class="live" role="status">${news > 0 && plural(news, 'new lead')}</p>
    </div>
    <${Search} asked=${asked} ask=${ask} />
    <${Failure} problem=${problem} again=${again} />
    ${!first && !problem && html`<${Loading} />`}
    ${first && rows.length === 0 && !token && html`<${Nothing} asked=${asked} />`}
    ${first && rows.length === 0 && token && html`<${Empty} title=${asked.search ? 'No lead found yet' : 'No unread lead found yet'}>
      There are older leads. Show more to look through them.<//>`}
    ${rows.length > 0 && html`<${Rows} rows=${rows} isSearch=${Boolean(asked.search)} />`}
    <${Failure} problem=${older.problem} />
    <p class="more dim" role="status">${older.isEmpty && token && 'No more among these. There are older leads.'}</p>
    ${token && html`<p class="more"><button type="button" disabled=${older.isLoading} onClick=${more}>
      ${older.isLoading ? 'Loading …' : 'Show more'}</button></p>`}`;
}

function Search({ asked, ask }) {
  const box = useRef();
  const search = (event) => {
    event.preventDefault();
    ask({ search: box.current.value.trim() });
  };
  const clear = () => {
    box.current.value = '';
    box.current.focus();
    ask({ search: '' });
  };
  return html`<form class="search" role="search" onSubmit=${search}>
    <label for="search" class="hidden">Search leads</label>
    <input id="search" type="text" role="searchbox" ref=${box} defaultValue=${asked.search} maxlength="200" autocomplete="off"
      spellcheck="false" enterkeyhint="search" placeholder="Last name, phone, e-mail or ID" />
    <button type="submit">Search</button>
    ${asked.search && html`<button type="button" class="quiet" onClick=${clear}>Clear</button>`}
    ${!asked.search && html`<label class="check"><input type="checkbox" checked=${asked.unread}
      onChange=${(event) => ask({ unread: event.target.checked })} /> Unread only</label>`}
  </form>`;
}

function Nothing({ asked }) {
  if (asked.search) {
    return html`<${Empty} title="No lead matches">Search by the beginning of a last name, a whole phone number, a whole
      e-mail address, or the ID of a lead.<//>`;
  }
  if (asked.unread) return html`<${Empty} title="Everything is read">New leads appear here by themselves.<//>`;
  return html`<${Empty} title="No leads yet">As soon as one of your sources sends a lead, it appears here by itself.<//>`;
}

const TONES = { Ready: 'good', Enriching: 'busy', Erased: 'dim' };
const STATUSES = { Ready: 'Ready', Enriching: 'In progress', Erased: 'Erased' };

// The roles are those of a table. They are written out because on a phone the rows are no longer laid out as one.
function Rows({ rows, isSearch }) {
  return html`<table class="rows" role="table" aria-label=${isSearch ? 'Leads found' : 'Leads'}>
    <thead role="rowgroup"><tr role="row">
      ${['Name', 'Phone', 'Source', 'Status', 'Age'].map((name) => html`<th role="columnheader" scope="col">${name}</th>`)}
    </tr></thead>
    <tbody role="rowgroup">${rows.map((row) => html`<${Row} key=${row.leadId} row=${row} />`)}</tbody>
  </table>`;
}

function Row({ row: { leadId, name, phone, source, status, snippet, time, isUnread } }) {
  return html`<tr role="row" class=${isUnread ? 'unread' : ''}>
    <td role="cell" class="name">${isUnread && html`<span class="dot" role="img" aria-label="Unread" />`}
      <a href="#/leads/${encodeURIComponent(leadId)}"><bdi>${name}</bdi></a></td>
    <td role="cell" class="phone">${phone ? number(phone) : html`<span class="dim">No phone</span>`}</td>
    <td role="cell" class="source"><bdi>${shown(source ?? '')}</bdi></td>
    <td role="cell" class="state">${status && html`<${Status} tone=${TONES[status]}>${STATUSES[status] ?? status}<//>`}
      ${snippet && html`<span class="dim">${shown(snippet)}</span>`}</td>
    <td role="cell" class="age"><${Age} time=${time} /></td>
  </tr>`;
}
