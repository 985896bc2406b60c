// Answers as a later release may answer: each base path is one of them. It prints its address.

import { createServer } from 'node:http';

const problem = (status, code, more = {}) => ({
  status,
  type: 'application/problem+json',
  body: {
    type: 'https://leadping.ai/docs/errors/of-tomorrow',
    title: 'Of tomorrow',
    status,
    code,
    detail: 'Do something that is not known today.',
    instance: '/leads/of-tomorrow',
    requestId: 'r',
    ofTomorrow: { a: [1] },
    ...more,
  },
});
const lead = {
  id: 'lead_1',
  createdAt: '2030-01-01T00:00:00Z',
  sourceId: 'source_123',
  accountId: 'account_1',
  metadata: { businessId: 'business_1', ofTomorrow: true },
  contact: { phone: { number: '+15555550123', region: 'XX' } },
  customer: { gender: 'OfTomorrow', maritalStatus: 'OfTomorrow', employmentType: 'OfTomorrow' },
  tagIds: [],
  tagNames: [],
  processingStatus: 'OfTomorrow',
  ofTomorrow: [],
};
const answers = {
  lead: { status: 201, type: 'application/json', body: lead },
  code: problem(422, 'code.of_tomorrow'),
  failure: problem(400, 'validation', { errors: [{ code: 'failure.of_tomorrow', detail: 'd', ofTomorrow: 1 }] }),
  status: problem(409, 'status.of_tomorrow'),
  quota: problem(429, 'quota.of_tomorrow'),
  gateway: { status: 503, type: 'application/json', body: { message: 'Service Unavailable' } },
};

const server = createServer((request, response) => {
  request.resume().on('end', () => {
    const { status, type, body } = answers[request.url.split('/')[1]];
    response.writeHead(status, { 'content-type': type, 'x-request-id': 'r' }).end(JSON.stringify(body));
  });
});
server.listen(0, '127.0.0.1', () => console.log(`http://127.0.0.1:${server.address().port}`));
