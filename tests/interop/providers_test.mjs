// What the providers' own packages sign creel accepts; what creel signs and forwards they accept.
//
// Where a package can only verify, the request is signed here by hand, the package is first asked whether it
// is right, and only then does creel get it: so the test never believes itself.
import assert from 'node:assert/strict';
import { createHmac, generateKeyPairSync, sign as signWith, webcrypto } from 'node:crypto';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';

import { eventually, startWorld } from './world.mjs';

globalThis.crypto ??= webcrypto; // Node.js 18 does not have it by itself.

const here = path.dirname(new URL(import.meta.url).pathname);
if (!existsSync(path.join(here, 'node_modules/stripe'))) {
  console.log('skipped: the SDKs are not installed; run npm ci in tests/interop');
  process.exit(77);
}

const hmac = (hash, secret, text, encoding = 'hex') => createHmac(hash, secret).update(text).digest(encoding);
const seconds = () => Math.floor(Date.now() / 1000);
const WHSEC = 'whsec_' + Buffer.from('the secret of the interop tests!').toString('base64');
const OUTER = 'https://hooks.example.com'; // The address that providers think they call.
const discord = generateKeyPairSync('ed25519');
const sendgrid = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const spki = (pair) => pair.publicKey.export({ type: 'spki', format: 'der' });
const json = { 'content-type': 'application/json' };
const form = { 'content-type': 'application/x-www-form-urlencoded' };

// Each: the source's secret and options, a request as the provider sends it, and the package's verdict over a
// request that arrived. `load` imports the package, so that one that wants a newer Node.js skips only itself.
const CASES = {
  stripe: {
    secret: 'whsec_the_whole_text_is_the_key',
    async load() {
      const { default: Stripe } = await import('stripe');
      return new Stripe('sk_test_unused');
    },
    make(stripe, secret) {
      const body = '{"id":"evt_1","object":"event","type":"invoice.paid","created":1750000000,"data":{"object":{"id":"in_é"}}}';
      return { body, headers: { ...json, 'stripe-signature': stripe.webhooks.generateTestHeaderString({ payload: body, secret }) } };
    },
    check(stripe, { body, headers }, secret) {
      assert.equal(stripe.webhooks.constructEvent(body, headers['stripe-signature'], secret).type, 'invoice.paid');
    },
  },
  github: {
    secret: 'a shared text',
    load: () => import('@octokit/webhooks-methods'),
    async make(methods, secret) {
      const body = '{"zen":"Keep it logically awesome.","hook_id":1}';
      return { body, headers: { ...json, 'x-github-event': 'ping', 'x-github-delivery': '72d3162e-cc78-11e3-81ab-4c9367dc0958',
        'x-hub-signature-256': await methods.sign(secret, body) } };
    },
    async check(methods, { body, headers }, secret) {
      assert.ok(await methods.verify(secret, body, headers['x-hub-signature-256']));
    },
  },
  shopify: {
    secret: 'shpss_hush',
    async load() {
      await import('@shopify/shopify-api/adapters/node');
      const { shopifyApi, LogSeverity } = await import('@shopify/shopify-api');
      return shopifyApi({ apiKey: 'unused', apiSecretKey: this.secret, hostName: 'hooks.example.com', apiVersion: '2025-07',
        isEmbeddedApp: false, logger: { level: LogSeverity.Error } });
    },
    make(shopify, secret) {
      const body = '{"id":820982911946154508,"email":"jon@example.com"}';
      return { body, headers: { ...json, 'x-shopify-topic': 'orders/create', 'x-shopify-shop-domain': 'creel.myshopify.com',
        'x-shopify-api-version': '2025-07', 'x-shopify-webhook-id': 'b54557e4-bdd9-4b37-8a5f-bf7d70bcd043',
        'x-shopify-event-id': '98880550-7158-44d4-b7cd-2c97c8a091b5', 'x-shopify-hmac-sha256': hmac('sha256', secret, body, 'base64') } };
    },
    async check(shopify, { body, headers }) {
      const found = await shopify.webhooks.validate({ rawBody: body, rawRequest: { method: 'POST', url: '/', headers }, rawResponse: {} });
      assert.ok(found.valid, JSON.stringify(found));
    },
  },
  paddle: {
    secret: 'pdl_ntfset_01h_hush',
    async load() { return new (await import('@paddle/paddle-node-sdk')).Paddle('unused').webhooks; },
    make(_, secret) {
      const body = '{"event_id":"evt_01h","event_type":"customer.created","occurred_at":"2026-01-01T00:00:00.000000Z","data":{"id":"ctm_01h"}}';
      const time = seconds();
      return { body, headers: { ...json, 'paddle-signature': `ts=${time};h1=${hmac('sha256', secret, `${time}:${body}`)}` } };
    },
    async check(paddle, { body, headers }, secret) {
      assert.ok(await paddle.isSignatureValid(body, secret, headers['paddle-signature']));
    },
  },
  elevenlabs: {
    secret: 'wsec_hush',
    async load() { return new (await import('@elevenlabs/elevenlabs-js')).ElevenLabsClient({ apiKey: 'unused' }); },
    make(_, secret) {
      const time = seconds();
      const body = `{"type":"post_call_transcription","event_timestamp":${time},"data":{"agent_id":"a","conversation_id":"c"}}`;
      return { body, headers: { ...json, 'elevenlabs-signature': `t=${time},v0=${hmac('sha256', secret, `${time}.${body}`)}` } };
    },
    async check(client, { body, headers }, secret) {
      assert.equal((await client.webhooks.constructEvent(body, headers['elevenlabs-signature'], secret)).type, 'post_call_transcription');
    },
  },
  slack: {
    secret: '8f742231b10e8888abcd99yyyzzz85a5',
    load: () => import('@slack/bolt'),
    make(_, secret) {
      const time = seconds();
      const body = 'token=unused&team_id=T0001&command=%2Fweather&text=94070&trigger_id=13345224609.8534564800.6f8ab1f53e13d0cd15f96106292d5536';
      return { body, headers: { ...form, 'x-slack-request-timestamp': String(time),
        'x-slack-signature': `v0=${hmac('sha256', secret, `v0:${time}:${body}`)}` } };
    },
    check(bolt, { body, headers }, secret) {
      bolt.verifySlackRequest({ signingSecret: secret, body, headers: { 'x-slack-signature': headers['x-slack-signature'],
        'x-slack-request-timestamp': Number(headers['x-slack-request-timestamp']) } });
    },
  },
  twilio: {
    secret: '12345',
    url: `${OUTER}/webhooks/twilio`,
    async load() { return (await import('twilio')).default; },
    make(twilio, secret) {
      const fields = { MessageSid: 'SM800f449d0399ed014aae2bcc0cc2f2ec', MessageStatus: 'delivered', To: '+15558675310', Body: 'é & more' };
      return { query: '?campaign=7', body: new URLSearchParams(fields).toString(), headers: { ...form,
        'x-twilio-signature': twilio.getExpectedTwilioSignature(secret, `${this.url}?campaign=7`, fields) } };
    },
    check(twilio, { url, body, headers }, secret) {
      assert.ok(twilio.validateRequest(secret, headers['x-twilio-signature'], url, Object.fromEntries(new URLSearchParams(body))));
    },
  },
  square: {
    secret: 'asdf1234',
    url: `${OUTER}/webhooks/square`,
    async load() { return (await import('square')).WebhooksHelper; },
    make(_, secret) {
      const body = '{"merchant_id":"MLEFBHHSJGVHD","type":"payment.created","event_id":"6a8f5f28-54a1-4eb0-a98a-3111513fd4fc","created_at":"2026-02-06T21:27:34.308Z","data":{"type":"payment","id":"hYy9pRFVxpDsO1FB05SunFWUe9JZY"}}';
      return { body, headers: { ...json, 'x-square-hmacsha256-signature': hmac('sha256', secret, this.url + body, 'base64') } };
    },
    async check(helper, { url, body, headers }, secret) {
      assert.ok(await helper.verifySignature({ requestBody: body, signatureHeader: headers['x-square-hmacsha256-signature'],
        signatureKey: secret, notificationUrl: url }));
    },
  },
  hubspot: {
    secret: 'client-secret',
    url: `${OUTER}/webhooks/hubspot`,
    load: () => import('@hubspot/api-client'),
    make({ Signature }, secret) {
      const time = Date.now();
      const body = '{"eventId":1,"subscriptionId":2,"portalId":3,"occurredAt":1750000000000,"subscriptionType":"contact.creation","attemptNumber":0,"objectId":4}';
      return { body, headers: { ...json, 'x-hubspot-request-timestamp': String(time),
        'x-hubspot-signature-v3': Signature.getSignature('POST', 'v3', { clientSecret: secret, requestBody: body, url: this.url, method: 'POST', timestamp: time }) } };
    },
    check({ Signature }, { url, body, headers }, secret) {
      assert.ok(Signature.isValid({ signature: headers['x-hubspot-signature-v3'], clientSecret: secret, requestBody: body,
        signatureVersion: 'v3', url, method: 'POST', timestamp: Number(headers['x-hubspot-request-timestamp']) }));
    },
    unsigned: true, // As with SendGrid: it sends arrays, but for this one.
  },
  linear: {
    secret: 'lin_wh_hush',
    async load() { return new (await import('@linear/sdk/webhooks')).LinearWebhookClient(this.secret); },
    make(_, secret) {
      const body = `{"action":"create","type":"Issue","createdAt":"2026-01-01T00:00:00.000Z","data":{"id":"2174add1"},"webhookTimestamp":${Date.now()},"webhookId":"w"}`;
      return { body, headers: { ...json, 'linear-delivery': '234d1a4e-b617-4388-90fe-adc3633d6b72', 'linear-event': 'Issue',
        'linear-signature': hmac('sha256', secret, body) } };
    },
    check(client, { body, headers }) {
      assert.ok(client.verify(Buffer.from(body), headers['linear-signature'], JSON.parse(body).webhookTimestamp));
    },
  },
  svix: {
    secret: WHSEC,
    async load() { return new (await import('svix')).Webhook(this.secret); },
    make(webhook) {
      const body = '{"type":"invoice.paid","data":{"id":1}}';
      const now = new Date();
      return { body, headers: { ...json, 'svix-id': 'msg_1', 'svix-timestamp': String(Math.floor(now / 1000)), 'svix-signature': webhook.sign('msg_1', now, body) } };
    },
    check(webhook, { body, headers }) { webhook.verify(body, headers); },
  },
  resend: {
    secret: WHSEC,
    async load() { return (await import('svix')).Webhook; },
    make(Webhook, secret) { return CASES.svix.make(new Webhook(secret)); },
    check(Webhook, request, secret) { new Webhook(secret).verify(request.body, request.headers); },
  },
  'standard-webhooks': {
    secret: WHSEC,
    async load() { return new (await import('standardwebhooks')).Webhook(this.secret); },
    make(webhook) {
      const body = '{"type":"contact.created","timestamp":"2026-01-01T00:00:00Z","data":{}}';
      const now = new Date();
      return { body, headers: { ...json, 'webhook-id': 'msg_1', 'webhook-timestamp': String(Math.floor(now / 1000)), 'webhook-signature': webhook.sign('msg_1', now, body) } };
    },
    check(webhook, { body, headers }) { webhook.verify(body, headers); },
  },
  discord: {
    secret: spki(discord).subarray(-32).toString('hex'),
    load: () => import('discord-interactions'),
    make() {
      const time = String(seconds());
      const body = '{"version":1,"application_id":"1","type":1,"event":{"type":"APPLICATION_AUTHORIZED","timestamp":"2026-01-01T00:00:00.0","data":{}}}';
      return { body, headers: { ...json, 'x-signature-timestamp': time,
        'x-signature-ed25519': signWith(null, Buffer.from(time + body), discord.privateKey).toString('hex') } };
    },
    async check({ verifyKey }, { body, headers }, secret) {
      assert.ok(await verifyKey(body, headers['x-signature-ed25519'], headers['x-signature-timestamp'], secret));
    },
  },
  sendgrid: {
    secret: spki(sendgrid).toString('base64'),
    async load() { return new (await import('@sendgrid/eventwebhook')).default.EventWebhook(); },
    make() {
      const time = String(seconds());
      const body = '[{"email":"a@example.com","event":"delivered","sg_event_id":"one","timestamp":1750000000}]\r\n';
      return { body, headers: { ...json, 'x-twilio-email-event-webhook-timestamp': time,
        'x-twilio-email-event-webhook-signature': signWith('sha256', Buffer.from(time + body), sendgrid.privateKey).toString('base64') } };
    },
    check(webhook, { body, headers }, secret) {
      assert.ok(webhook.verifySignature(webhook.convertPublicKeyToECDSA(secret), body, headers['x-twilio-email-event-webhook-signature'],
        headers['x-twilio-email-event-webhook-timestamp']));
    },
    unsigned: true, // The items of an array cannot be signed as their whole was.
  },
};

const packages = {};
for (const [name, each] of Object.entries(CASES)) {
  try {
    packages[name] = await each.load();
  } catch (error) {
    packages[name] = error;
  }
}
const skipped = (name) => (packages[name] instanceof Error ? `its package does not run on Node.js ${process.version}: ${packages[name].message}` : false);

let world;
before(async () => {
  const toml = (value) => JSON.stringify(value);
  world = await startWorld({ configure: (handlerUrl) => Object.entries(CASES).map(([name, each]) => `
[sources.${name}]
provider = ${toml(name)}
secrets = [${toml(each.secret)}]
${each.url ? `url = ${toml(each.url)}` : ''}
[destinations.${name}]
url = ${toml(`${handlerUrl}/${name}`)}
${each.unsigned ? 'sign = "none"' : ''}
[[routes]]
from = [${toml(name)}]
to = [${toml(name)}]
`).join('') });
});
after(() => world?.stop());

const send = async (name, { query = '', body, headers }) => {
  const answer = await fetch(`${world.url}/webhooks/${name}${query}`, { method: 'POST', body, headers });
  await answer.text();
  return answer.status;
};

for (const [name, each] of Object.entries(CASES)) {
  test(`${name}: what its package calls genuine is accepted, and what is forwarded its package calls genuine`,
    { skip: skipped(name) }, async () => {
      const sent = await each.make(packages[name], each.secret);
      await each.check(packages[name], { ...sent, url: (each.url ?? '') + (sent.query ?? '') }, each.secret);
      const signature = Object.keys(sent.headers).find((header) => /signature|hmac/.test(header) && !/timestamp/.test(header));

      assert.equal(Math.floor(await send(name, { ...sent, body: sent.body.replace(/[a-z]/, (c) => (c === 'a' ? 'b' : 'a')) }) / 100), 4, 'another body');
      assert.equal(Math.floor(await send(name, { ...sent, headers: { ...sent.headers, [signature]: '' } }) / 100), 4, 'no signature');
      assert.equal(Math.floor(await send(name, sent) / 100), 2, 'as it was signed');

      const arrived = await eventually(() => world.delivered.find((one) => one.url.startsWith(`/webhooks/${name}`)), `${name} is delivered`);
      if (each.unsigned) {
        assert.equal(arrived.headers[signature], undefined);
        assert.equal(arrived.body, JSON.stringify([JSON.parse(sent.body)].flat()[0]));
      } else {
        assert.equal(arrived.body, sent.body);
        await each.check(packages[name], { ...arrived, url: new URL(arrived.url, world.handlerUrl).href }, each.secret);
      }
    });
}
