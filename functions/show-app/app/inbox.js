// The inbox: conversations by their last event, the search for leads, and new leads as they arrive.

import { html, useEffect, useLayoutEffect, useRef, useState } from './preact.js';
import { Age, Empty, Failure, Heading, Loading, Status, number, person, plural, shown, usePolled } from './parts.js';
import { call, callAll } from './session.js';

const PAGE = 25;
/** The most pages that are read to meet the rows that are shown. After more, the list begins again. */
const MOST = 10;

// The filter and the search outlive the view, so that the way back from a lead leads to the same list.
let last = { unread: false, search: '' };
/** The list from which a lead was opened, and its place in it. */
let left = null;

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

/** The first page. It reads on until it meets the rows that are `known`, so that none in between is left out. */
async function newer(asked, known) {
  let found = await page(asked);
  let { rows } = found;
  // A page of unread rows that is not full has looked through hundreds of conversations.
  const isApart = () => found.token && known.length > 0 && !(rows.at(-1)?.time <= known[0].time) && !(asked.unread && found.rows.length < PAGE);
  for (let pages = 1; isApart() && pages < MOST; pages++) {
    found = await page(asked, found.token);
    rows = [...rows, ...found.rows];
  }
  return { rows, token: found.token, isApart: isApart() };
}

/** Whether rows stay that new ones push from the first page: those that the user has asked for, or is among. */
const keepsRows = (list) => list.isPaged || document.activeElement?.closest('.rows');

/** A list with what was read again of its beginning. */
function joined(list, { rows, token, isApart }, keeps) {
  if (!keeps || !token || isApart) return { ...list, rows, token };
  const ids = new Set(rows.map(({ leadId }) => leadId));
  // A row that was on these pages and is no longer does not fit the filter any more.
  const isBelow = ({ time }) => rows.length === 0 || time <= rows.at(-1).time;
  return { ...list, rows: [...rows, ...list.rows.filter((row) => !ids.has(row.leadId) && isBelow(row))] };
}

/** Keeps the focus and, when the page is scrolled, the rows in sight where they are. Preact takes some rows out and puts
 * them back when others move, which drops the focus. If what had the focus is gone, the row at `next` gets it. */
function useSteady(next) {
  const allRows = () => [...document.querySelectorAll('.rows tbody tr')];
  const time = (row) => row.querySelector('time')?.dateTime;
  const focused = document.activeElement;
  const seen = (scrollY > 0 ? allRows() : []).map((row) => ({ row, time: time(row), top: row.getBoundingClientRect().top }))
    .filter(({ top }) => top >= 0 && top < innerHeight);
  useLayoutEffect(() => {
    const stayed = seen.find((was) => was.row.isConnected && time(was.row) === was.time);
    const moved = stayed ? stayed.row.getBoundingClientRect().top - stayed.top : 0;
    if (Math.abs(moved) >= 1) scrollBy(0, moved);
    if (focused === document.activeElement || document.activeElement !== document.body) return;
    const heir = focused.isConnected ? focused : allRows()[next]?.querySelector('a');
    heir?.focus({ preventScroll: true });
  });
}

export function Inbox() {
  const [asked, setAsked] = useState(last);
  const [said, say] = useState('');
  last = asked;
  const ask = (change) => {
    say('');
    setAsked({ ...asked, ...change });
  };
  return html`
    <div class="head">
      <${Heading} title="Inbox">Inbox<//>
      <p class="live" role="status">${said}</p>
    </div>
    <${Search} asked=${asked} ask=${ask} />
    <${List} key=${`${asked.unread} ${asked.search}`} asked=${asked} say=${say} />`;
}

function List({ asked, say }) {
  const [back] = useState(() => left?.asked === asked && left);
  const [list, setList] = useState(back ? back.list : { rows: [] });
  const { rows, token, isLoading } = list;
  const isLoaded = token !== undefined;
  const now = useRef();
  now.current = list;
  const seen = useRef(back ? new Set() : null);
  const news = useRef(0);
  const looked = useRef(null);
  const next = useRef(0);
  useSteady(next.current);

  const load = async () => {
    // What a search finds is not read again on the way back from a lead.
    if (asked.search && now.current.rows.length > 0) return;
    // Without the names, the rows have the ids. What is wrong, the list says, too.
    await readNames().catch(() => {});
    // The service reads hundreds of conversations to find the unread ones, so it is asked only when there is news.
    const latest = asked.unread ? await newest() : null;
    if (asked.unread && latest === looked.current) return;
    const keeps = keepsRows(now.current);
    const first = await newer(asked, keeps ? now.current.rows : []);
    looked.current = latest;
    const ids = first.rows.map(({ leadId }) => leadId);
    const known = new Set([...(seen.current ?? ids), ...now.current.rows.map(({ leadId }) => leadId)]);
    news.current += ids.filter((id) => !known.has(id)).length;
    if (news.current > 0) say(plural(news.current, 'new lead'));
    seen.current = new Set([...known, ...ids]);
    setList((list) => joined(list, first, keeps));
  };
  const { problem, again } = usePolled(load, [], !asked.search);

  const more = async () => {
    if (isLoading) return;
    next.current = rows.length;
    setList((list) => ({ ...list, isLoading: true, isPaged: true }));
    try {
      const { rows, token: end } = await page(asked, token);
      setList((list) => {
        if (list.token !== token) return { ...list, isLoading: false };
        const ids = new Set(list.rows.map(({ leadId }) => leadId));
        return { isPaged: true, rows: [...list.rows, ...rows.filter(({ leadId }) => !ids.has(leadId))], token: end, isEmpty: rows.length === 0 };
      });
    } catch (problem) {
      setList((list) => ({ ...list, isLoading: false, problem }));
    }
  };

  useEffect(() => {
    left = null;
    if (!back) return;
    document.querySelector(`.rows a[href="${back.href}"]`)?.focus({ preventScroll: true });
    scrollTo(0, back.y);
  }, []);
  const leave = (event) => {
    const href = event.target.closest('a')?.getAttribute('href');
    if (!href) return;
    const opened = rows.map((row) => (address(row) === href ? { ...row, isUnread: false } : row));
    left = { asked, href, y: scrollY, list: { ...list, rows: opened, isLoading: false } };
  };
  useEffect(() => {
    if (!asked.search || !isLoaded) return;
    if (rows.length === 0) say(token ? 'No lead found yet' : 'No lead matches');
    else say(`${plural(rows.length, 'lead')} found${token ? ' so far' : ''}`);
  }, [rows.length, token]);

  return html`
    <${Failure} problem=${problem} again=${again} retries />
    ${!isLoaded && !problem && html`<${Loading} />`}
    ${isLoaded && rows.length === 0 && !token && html`<${Nothing} asked=${asked} />`}
    ${isLoaded && rows.length === 0 && token && html`<${Empty} title=${asked.search ? 'No lead found yet' : 'No unread lead found yet'}>
      There are older leads. Show more to look through them.<//>`}
    ${rows.length > 0 && html`<${Rows} rows=${rows} isSearch=${Boolean(asked.search)} onClick=${leave} />`}
    <${Failure} problem=${list.problem} again=${more} />
    <p class="more dim" role="status">${list.isEmpty && token && 'No more among these. There are older leads.'}</p>
    ${token && html`<p class="more"><button type="button" aria-disabled=${isLoading ? 'true' : null} onClick=${more}>
      ${isLoading ? 'Loading …' : 'Show more'}</button></p>`}`;
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

// The roles are written out, because on a phone the rows are not laid out as a table.
function Rows({ rows, isSearch, onClick }) {
  return html`<table class="rows" role="table" onClick=${onClick} aria-label=${isSearch ? 'Leads found' : 'Leads'}>
    <thead role="rowgroup"><tr role="row">
      ${['Name', 'Phone', 'Source', 'Status', 'Age'].map((name) => html`<th role="columnheader" scope="col">${name}</th>`)}
    </tr></thead>
    <tbody role="rowgroup">${rows.map((row) => html`<${Row} key=${row.leadId} row=${row} />`)}</tbody>
  </table>`;
}

const address = ({ leadId }) => `#/leads/${encodeURIComponent(leadId)}`;

function Row({ row }) {
  const { name, phone, source, status, snippet, time, isUnread } = row;
  return html`<tr role="row" class=${isUnread ? 'unread' : ''}>
    <td role="cell" class="name">${isUnread && html`<span class="dot" role="img" aria-label="Unread" />`}
      <a href=${address(row)}><bdi>${name}</bdi></a></td>
    <td role="cell" class="phone">${phone ? number(phone) : html`<span class="dim">No phone</span>`}</td>
    <td role="cell" class="source"><bdi>${shown(source ?? '')}</bdi></td>
    <td role="cell" class="state">${status && html`<${Status} tone=${TONES[status]}>${STATUSES[status] ?? status}<//>`}
      ${snippet && html`<span class="dim">${shown(snippet)}</span>`}</td>
    <td role="cell" class="age"><${Age} time=${time} /></td>
  </tr>`;
}
