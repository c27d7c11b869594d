// creel and the official SDKs agree on what is genuine, in both directions and at any time.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { webcrypto } from 'node:crypto';

import { eventually, startWorld } from './world.mjs';

globalThis.crypto ??= webcrypto; // Node.js 18 does not have it by itself.

const here = path.dirname(new URL(import.meta.url).pathname);
if (!existsSync(path.join(here, 'node_modules/openai'))) {
  console.log('skipped: the SDKs are not installed; run npm ci in tests/interop');
  process.exit(77);
}
const { default: OpenAI } = await import('openai');
const { Webhook: StandardWebhook } = await import('standardwebhooks');
const { Webhook: SvixWebhook } = await import('svix');

const SECRET = 'whsec_' + Buffer.from('the secret of the interop tests!').toString('base64');
const BODY = '{"id":"evt_1","object":"event","created_at":1750287078,"type":"response.completed","data":{"id":"resp_é"}}\n';
const openai = new OpenAI({ apiKey: 'unused', webhookSecret: SECRET });
const standard = new StandardWebhook(SECRET);

let world, url, delivered;
before(async () => {
  world = await startWorld({ environment: { OPENAI_WEBHOOK_SECRET: SECRET } });
  ({ url, delivered } = world);
});
after(() => world?.stop());

const send = async (id, time, signature, body = BODY) => {
  const answer = await fetch(`${url}/webhooks/openai`, {
    method: 'POST', body,
    headers: { 'content-type': 'application/json', 'webhook-id': id, 'webhook-timestamp': String(Math.floor(time / 1000)),
      'webhook-signature': signature } });
  return { status: answer.status, text: await answer.text() };
};

// What creel sends with a delivery at `now`, in seconds.
const resigned = (now, attempt, id = 'wh_interop', body = BODY) => JSON.parse(execFileSync(process.env.RESIGN,
  ['--secret', SECRET, '--id', id, '--attempt', String(attempt), '--now', String(now)], { input: body }));

const at = async (seconds, act) => {
  const real = Date.now;
  Date.now = () => seconds * 1000;
  try { return await act(); } finally { Date.now = real; }
};

test('creel accepts what standardwebhooks signs', async () => {
  const now = new Date();
  const answer = await send('wh_standard', now, standard.sign('wh_standard', now, BODY));
  assert.deepEqual(answer, { status: 200, text: '{"received":true}' });
});

test('creel accepts what svix signs', async () => {
  const now = new Date();
  const answer = await send('wh_svix', now, new SvixWebhook(SECRET).sign('wh_svix', now, BODY));
  assert.deepEqual(answer, { status: 200, text: '{"received":true}' });
});

test('creel refuses what they sign with another secret', async () => {
  const other = 'whsec_' + Buffer.from('another secret, of somebody else').toString('base64');
  const now = new Date();
  assert.equal((await send('wh_other', now, new StandardWebhook(other).sign('wh_other', now, BODY))).status, 400);
});

test('creel accepts one good signature among others', async () => {
  const now = new Date();
  const good = standard.sign('wh_many', now, BODY);
  assert.equal((await send('wh_many', now, `v1,${'A'.repeat(43)}= v2,zzz ${good}`)).status, 200);
});

test('every SDK accepts a delivery as it arrives', async () => {
  const now = new Date();
  await send('wh_through', now, standard.sign('wh_through', now, BODY));
  const { headers, body } = await eventually(() => delivered.find((one) => one.headers['webhook-id'] === 'wh_through'),
    'it is delivered');
  assert.equal(body, BODY);
  const event = await openai.webhooks.unwrap(body, headers);
  assert.equal(event.type, 'response.completed');
  assert.equal(event.data.id, 'resp_é');
  assert.deepEqual(standard.verify(body, headers), JSON.parse(BODY));
  const svix = Object.fromEntries(['id', 'timestamp', 'signature'].map((part) => [`svix-${part}`, headers[`webhook-${part}`]]));
  assert.doesNotThrow(() => new SvixWebhook(SECRET).verify(body, svix));
  assert.throws(() => new SvixWebhook(SECRET).verify(body + ' ', svix));
});

test('an SDK that parses with fewer bytes than were sent refuses', async () => {
  await assert.rejects(at(1750287078, () => openai.webhooks.unwrap(BODY.trim(), resigned(1750287078, 1))));
});

const FIRST = 1750287078;
for (const [name, later, attempt] of [['the first attempt', 0, 1], ['a retry ten minutes later', 600, 2],
  ['a manual retry a day later', 86400, 3]]) {
  test(`client.webhooks.unwrap accepts ${name}`, async () => {
    const headers = resigned(FIRST + later, attempt);
    assert.equal(headers['webhook-id'], 'wh_interop');
    assert.equal(headers['creel-attempt'], String(attempt));
    const event = await at(FIRST + later, () => openai.webhooks.unwrap(BODY, headers));
    assert.equal(event.type, 'response.completed');
  });
}

test('without a fresh signature the retry would have been refused', async () => {
  await assert.rejects(at(FIRST + 600, () => openai.webhooks.unwrap(BODY, resigned(FIRST, 1))));
});

test('creel sign and every SDK agree', async () => {
  const now = Math.floor(Date.now() / 1000);
  const file = path.join(here, 'package.json');
  const printed = execFileSync(process.env.CREEL, ['sign', 'openai', file, '--id', 'wh_cli', '--timestamp', String(now), '--secret', SECRET]);
  const headers = Object.fromEntries(printed.toString().split('\n').filter((line) => /^webhook-\w+: /.test(line))
    .map((line) => line.split(/: (.*)/, 2)));
  assert.deepEqual(standard.verify(readFileSync(file, 'utf8'), headers), JSON.parse(readFileSync(file, 'utf8')));
});
