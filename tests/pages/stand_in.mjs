// A stand-in for the API of users, in the browser's network: what a page shows must not depend on how the API got there,
// and a real stack cannot be made to have a lead that is hostile in every member, a thousand leads, or a token that ends.

const SIGN_IN = '/sign-in';

// Names as long as those of the demo, and one that can be broken only within a word.
export const SOURCES = [
  { id: 'source_123', name: 'Demo: open', enabled: true, complianceApproved: true, requiresTrustedForm: true, allowedStates: [], allowedProducts: [] },
  { id: 'source_texas', name: 'Demo: leads for "Example product" only', enabled: true, complianceApproved: true, requiresTrustedForm: true, allowedStates: ['TX'], allowedProducts: [], limits: { day: 5, hour: 1, timeZone: 'UTC' }, duplicates: { by: ['phone', 'email'], days: 30, scope: 'business', action: 'refuse' } },
  { id: 'source_paused', name: 'W'.repeat(90), enabled: true, complianceApproved: true, requiresTrustedForm: true, allowedStates: [], allowedProducts: [], limits: { day: 0, timeZone: 'America/New_York' }, duplicates: { by: ['phone'], days: 1, scope: 'source', action: 'flag' } },
  { id: 'source_old', name: 'Old partner', enabled: false, complianceApproved: true, requiresTrustedForm: false, allowedStates: [], allowedProducts: ['Solar', 'Roof'] },
];

const FIRST = ['Jordan', 'Avery', 'Riley', 'Morgan', 'Casey', 'Quinn', 'Rowan', 'Elliot', 'Sasha', 'Noor'];
const LAST = ['Example', 'Sample', 'Muñoz', 'Placeholder-Longsurname', 'O’Testing', 'Tester'];

/** A lead as `GET /leads/{id}` has it. */
export function lead(n, changes = {}) {
  const createdAt = new Date(Date.now() - n * n * 40_000 - 12_000).toISOString();
  const source = SOURCES[n % 2];
  const id = `lead_${String(n).padStart(4, '0')}`;
  const phone = `+1512555${String(100 + (n % 100)).padStart(4, '0')}`;
  const events = ['A new lead came in', 'The phone number was looked up', 'The lead is ready'].map((summary, index) => ({
    id: `${id}_${index}`, eventType: 'lead.created', sequence: index + 1, summary, createdAt,
  }));
  return {
    id, createdAt, sourceId: source.id, source: { id: source.id, name: source.name }, processingStatus: 'Ready', tagIds: [], tagNames: [],
    contact: {
      firstName: FIRST[n % 10], lastName: LAST[n % 6], email: `person${n}@example.com`,
      phone: { number: phone, type: 'Mobile', lookup: { provider: 'twilio', isValid: true, lineType: 'Wireless', carrier: 'Example Wireless', lookedUpAt: createdAt } },
      streetAddress: { address1: '100 Main St', city: 'Austin', state: 'TX', postalCode: '78701' }, timeZoneId: 'America/Chicago',
    },
    customer: { birthDate: '1970-01-15', gender: 'Unknown', isHomeowner: true },
    metadata: {
      externalId: `partner-${n}`, product: 'Solar', utmSource: 'partner-site', trustedFormUrl: 'https://cert.trustedform.com/example',
      landingPage: 'https://example.com/solar', ipAddress: '198.51.100.7', price: 12.5, sourceMetadata: { placement: 'homepage-form', 'A/B variant': 'B' },
    },
    eligibility: { sms: { eligible: n % 3 !== 0, reasons: n % 3 === 0 ? ['line_type_not_textable'] : [] }, call: { eligible: true, reasons: [] } },
    consent: { status: 'verified', phoneMatch: true, emailMatch: true, retainedUntil: '2031-11-26T00:00:00Z', checkedAt: createdAt },
    conversation: { id: `conversation_${id}`, leadId: id, isUnread: n < 4, eventVersion: 3, lastSnippet: 'The lead is ready', lastEventAt: createdAt },
    events,
    ...changes,
  };
}

const conversation = ({ id, sourceId, contact, createdAt, conversation: own }) => ({
  ...own, sourceId, status: 'open', firstName: contact.firstName, lastName: contact.lastName, email: contact.email, leadPhoneNumber: contact.phone?.number, createdAt, leadId: id,
});

const row = ({ id, createdAt, source, processingStatus, contact }) => ({
  id, createdAt, source, status: processingStatus, processingStatus, firstName: contact.firstName, lastName: contact.lastName, email: contact.email, phone: contact.phone?.number,
});

function paged(items, { pageSize = 25, continuationToken }) {
  // A token names the last item of its page, so a new item moves no page.
  const from = items.findIndex((item) => (item.leadId ?? item.id) === continuationToken) + 1;
  const to = from + pageSize;
  const last = items[to - 1];
  return { items: items.slice(from, to), pageSize, totalCount: null, continuationToken: to < items.length ? last.leadId ?? last.id : null };
}

function points(days, value) {
  return Array.from({ length: days }, (_, index) => {
    const startAt = new Date(Date.UTC(2026, 10, 26) - (days - 1 - index) * 86_400_000).toISOString();
    return { startAt, endAt: startAt, label: startAt.slice(0, 10), value: value(index) };
  });
}

/** Answers the API's calls of a page. `world` may change at any time: its `leads`, `sources`, `attention`, and `fault`,
 * a function of a call that returns the status to fail with, with `code`. `world.calls` are the calls so far. */
export async function standIn(page, world) {
  Object.assign(world, { leads: [], sources: SOURCES, attention: [], refused: false, calls: [], ...world });
  const answer = (route, status, body) =>
    route.fulfill({ status, contentType: status < 400 ? 'application/json' : 'application/problem+json', body: JSON.stringify(body) });
  await page.route((url) => /^\/(leads|conversations|sources|events|analytics|sign-in\/token)/.test(url.pathname), (route) => {
    const request = route.request();
    const url = new URL(request.url());
    if (request.resourceType() === 'document') return route.continue();
    const call = { method: request.method(), path: url.pathname, query: url.searchParams, token: request.headers().authorization, body: request.resourceType() === 'fetch' && !url.pathname.startsWith(SIGN_IN) ? request.postDataJSON() ?? {} : {} };
    world.calls.push(call);
    const fault = world.fault?.(call);
    if (fault === 'cut') return route.abort();
    if (fault) return answer(route, fault, { status: fault, code: world.code, detail: `The stand-in answers ${fault}.` });
    if (url.pathname.startsWith(SIGN_IN)) return route.continue();
    return answer(route, 200, result(world, call, call.body));
  });
}

function result(world, { path, query }, body) {
  const days = Number(query.get('days') ?? 30);
  const find = (id) => world.leads.find((lead) => lead.id === decodeURIComponent(id));
  let found;
  if (path === '/conversations/my') {
    const unread = body.filters?.some(({ field, value }) => field === 'isUnread' && value === 'true');
    if (!unread) return paged(world.leads.map(conversation), body);
    // As the service does: a filter is applied to what was read, at most 500 conversations a request.
    const from = world.leads.findIndex(({ id }) => id === body.continuationToken) + 1;
    const read = world.leads.slice(from, from + 500);
    const found = read.filter((lead) => lead.conversation.isUnread).slice(0, body.pageSize);
    const last = found.length === body.pageSize ? found.at(-1) : read.at(-1);
    return { items: found.map(conversation), pageSize: body.pageSize, totalCount: null, continuationToken: last && last !== world.leads.at(-1) ? last.id : null };
  }
  if (path === '/leads/all/my') {
    const source = body.filters?.find(({ field }) => field === 'sourceId')?.value;
    const matches = ({ contact, sourceId }) =>
      (!source || sourceId === source) && (!body.search || contact.lastName?.toLowerCase().startsWith(body.search.toLowerCase()));
    return paged(world.leads.filter(matches).map(row), body);
  }
  if (path === '/sources/all/my') return paged(world.sources, body);
  if ((found = /^\/conversations\/conversation_(.+)\/mark-read$/.exec(path))) {
    find(found[1]).conversation.isUnread = false;
    return true;
  }
  if (/^\/sources\/[^/]+\/metrics$/.test(path)) {
    const byDay = points(days, (n) => n % 4).map((day) => ({ ...day, errorsByCode: day.value ? { 'phone.not_possible': day.value } : {} }));
    const refused = world.refused && { totalErrors: 9, errorPoints: byDay, errorsByCode: { 'phone.not_possible': 7, 'email.invalid': 2 } };
    return { totalLeads: days * 2, points: points(days, (n) => (n % 5 === 0 ? 0 : 2)), ...refused };
  }
  if (path === '/analytics/my' && world.unknown) return world.unknown;
  if (path === '/analytics/my') {
    const leads = world.leads.length === 0 ? 0 : 1;
    const trend = points(days, (n) => leads * Math.round(14 + 9 * Math.sin(n / 2.2) + (n % 7 > 4 ? -6 : 4)));
    const total = trend.reduce((sum, { value }) => sum + value, 0);
    const shares = leads ? SOURCES.slice(0, 3).map(({ id, name }, n) => [id, name, [0.7, 0.2, 0.1][n]]) : [];
    return {
      summary: { leads: total }, leadTrend: { total, points: trend, comparison: { current: total, previous: Math.round(total * 0.8), direction: 'up' } },
      leadSources: shares.map(([sourceId, source, share]) => ({ sourceId, source, leads: Math.round(total * share), percent: 100 * share })), needsAttention: world.attention, attentionIsComplete: world.sources.length <= 100,
    };
  }
  if ((found = /^\/leads\/([^/]+)$/.exec(path)) && find(found[1])) return find(found[1]);
  throw new Error(`the stand-in does not know ${path}`);
}
