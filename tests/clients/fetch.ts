// Uses the types that openapi-typescript made, with openapi-fetch: `run` generates, compiles and calls it.
//
//     fetch.js API STUB    the running product, and the answers of a later release

import assert from 'node:assert/strict';
import createClient from 'openapi-fetch';
import type { components, paths } from './openapi-typescript.js';

const [, , api, stub] = process.argv;
const at = (baseUrl: string) => createClient<paths>({ baseUrl, headers: { 'X-Leadping-Source-Key': 'lp_source_key' } });
const client = at(api!);
const header = { 'X-Leadping-Source-Id': 'source_123' };
const trustedFormUrl = 'https://cert.trustedform.com/fetch';

const structured: components['schemas']['StructuredLead'] = {
  metadata: { externalId: 'fetch-1', trustedFormUrl, price: 18.5 },
  contact: { firstName: 'Jordan', phone: { number: '+15555550123' } },
  customer: { gender: 'M', isHomeowner: true, income: 75000 },
};
const keyed = { header: { ...header, 'Idempotency-Key': 'fetch-1' } };
const accepted = await client.POST('/leads', { params: keyed, body: structured });
assert.equal(accepted.response.status, 201);
assert.equal(accepted.data?.contact.phone?.number, '+15555550123');
console.log(`  POST /leads: 201, ${accepted.data?.processingStatus}`);

const other = { metadata: {}, contact: { email: 'a@b.co' }, customer: {} };
const reused = await client.POST('/leads', { params: keyed, body: other });
assert(reused.error && 'code' in reused.error);
assert.equal(reused.error.code, 'idempotency_key.reused');
console.log(`  POST /leads: ${reused.response.status}, ${reused.error.code}`);

const flat = { externalId: 'fetch-2', email: 'jordan@example.com', trustedFormUrl, tagNames: ['a', 'b'], sourceMetadata: { placement: 'x' } };
const json = await client.POST('/leads/intake', { params: { header }, body: flat });
assert.deepEqual(json.data?.metadata.sourceMetadata, { placement: 'x' });
console.log(`  POST /leads/intake, JSON: ${json.response.status}`);

const form = await client.POST('/leads/intake', {
  params: { header },
  body: { ...flat, externalId: 'fetch-3', sourceMetadata: '{"placement": "x"}' },
  headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
  bodySerializer: (body) => new URLSearchParams(Object.entries(body).flatMap(([name, value]) => [value].flat().map((one) => [name, String(one)]))).toString(),
});
assert.deepEqual(form.data?.metadata.sourceMetadata, { placement: 'x' });
console.log(`  POST /leads/intake, form: ${form.response.status}`);

const query = { externalId: 'fetch-4', phone: '512-555-0123', trustedFormUrl, tagNames: ['a', 'b'], isHomeowner: true };
const byQuery = await client.GET('/leads/intake', { params: { header, query } });
assert.deepEqual(byQuery.data?.tagNames, ['a', 'b']);
console.log(`  GET /leads/intake: ${byQuery.response.status}`);

const refused = await client.POST('/leads/intake', { params: { header }, body: { email: 'jordan' } });
assert(refused.error && 'errors' in refused.error);
const codes = refused.error.errors?.map(({ code }) => code);
assert.deepEqual(codes, ['email.invalid', 'trusted_form.required']);
console.log(`  POST /leads/intake: ${refused.response.status}, ${codes}`);

for (const [path, status, expected] of [
  ['lead', 201, 'OfTomorrow'],
  ['code', 422, 'code.of_tomorrow'],
  ['failure', 400, 'validation'],
  ['status', 409, 'status.of_tomorrow'],
  ['quota', 429, 'quota.of_tomorrow'],
  ['gateway', 503, 'Service Unavailable'],
] as const) {
  const { data, error, response } = await at(`${stub}/${path}`).POST('/leads', { params: { header }, body: structured });
  const found = data ? data.processingStatus : error && 'code' in error ? error.code : error?.message;
  assert.deepEqual([response.status, found], [status, expected]);
  console.log(`  of a later release: ${status}, ${found}`);
}
