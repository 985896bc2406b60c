// Uses the client that @hey-api/openapi-ts made: `run` generates, compiles and calls it.
//
//     hey.js API STUB    the running product, and the answers of a later release

import assert from 'node:assert/strict';
import { createClient } from './hey-api/client/index.js';
import { createLead, intakeLead, intakeLeadByQuery, type FlatLead, type StructuredLead } from './hey-api/index.js';

const [, , api, stub] = process.argv;
const headers = { 'X-Leadping-Source-Id': 'source_123' };
const trustedFormUrl = 'https://cert.trustedform.com/hey-api';
const at = (baseUrl: string) => createClient({ baseUrl, auth: 'lp_source_key' });
const client = at(api!);

const structured: StructuredLead = {
  metadata: { externalId: 'hey-1', trustedFormUrl, price: 18.5 },
  contact: { firstName: 'Jordan', phone: { number: '+15555550123' } },
  customer: { gender: 'M', isHomeowner: true, income: 75000 },
};
const accepted = await createLead({ client, headers: { ...headers, 'Idempotency-Key': 'hey-1' }, body: structured });
assert.equal(accepted.response?.status, 201);
assert.equal(accepted.data?.contact.phone?.number, '+15555550123');
console.log(`  POST /leads: 201, ${accepted.data?.processingStatus}`);

const reused = await createLead({
  client,
  headers: { ...headers, 'Idempotency-Key': 'hey-1' },
  body: { metadata: {}, contact: { email: 'a@b.co' }, customer: {} },
});
assert(reused.error && 'code' in reused.error);
assert.equal(reused.error.code, 'idempotency_key.reused');
console.log(`  POST /leads: ${reused.response?.status}, ${reused.error.code}`);

const flat: FlatLead = { externalId: 'hey-2', email: 'jordan@example.com', trustedFormUrl, tagNames: ['a', 'b'], sourceMetadata: { placement: 'x' } };
const json = await intakeLead({ client, headers, body: flat });
assert.deepEqual(json.data?.metadata.sourceMetadata, { placement: 'x' });
console.log(`  POST /leads/intake, JSON: ${json.response?.status}`);

const query = { externalId: 'hey-3', phone: '512-555-0123', trustedFormUrl, tagNames: ['a', 'b'], isHomeowner: true };
const byQuery = await intakeLeadByQuery({ client, headers, query });
assert.deepEqual(byQuery.data?.tagNames, ['a', 'b']);
console.log(`  GET /leads/intake: ${byQuery.response?.status}`);

const refused = await intakeLead({ client, headers, body: { email: 'jordan' } });
assert(refused.error && 'errors' in refused.error);
const codes = refused.error.errors?.map(({ code }) => code);
assert.deepEqual(codes, ['email.invalid', 'trusted_form.required']);
console.log(`  POST /leads/intake: ${refused.response?.status}, ${codes}`);

for (const [path, status, expected] of [
  ['lead', 201, 'OfTomorrow'],
  ['code', 422, 'code.of_tomorrow'],
  ['failure', 400, 'validation'],
  ['status', 409, 'status.of_tomorrow'],
  ['quota', 429, 'quota.of_tomorrow'],
  ['gateway', 503, 'Service Unavailable'],
] as const) {
  const { data, error, response } = await createLead({ client: at(`${stub}/${path}`), headers, body: structured });
  const found = data ? data.processingStatus : error && 'code' in error ? error.code : error?.message;
  assert.deepEqual([response?.status, found], [status, expected]);
  console.log(`  of a later release: ${status}, ${found}`);
}
