// What a team writes itself: Express, the raw body, node:crypto, one committed insert into PostgreSQL, then 200.
const crypto = require('node:crypto');
const express = require('express');
const { Pool } = require('pg');

const key = Buffer.from(process.env.OPENAI_WEBHOOK_SECRET.slice('whsec_'.length), 'base64');
const pool = new Pool({ connectionString: process.env.PGURL, max: 10 });

function isGenuine(headers, body) {
  const { 'webhook-id': id, 'webhook-timestamp': time, 'webhook-signature': signatures } = headers;
  if (!id || !time || !signatures || Math.abs(Date.now() / 1000 - Number(time)) > 300) return false;
  const expected = crypto.createHmac('sha256', key).update(`${id}.${time}.`).update(body).digest();
  return signatures.split(' ').some((token) => {
    const given = Buffer.from(token.replace(/^v1,/, ''), 'base64');
    return given.length === expected.length && crypto.timingSafeEqual(given, expected);
  });
}

const app = express();
app.post('/webhooks/openai', express.raw({ type: '*/*', limit: '1mb' }), async (request, response) => {
  if (!isGenuine(request.headers, request.body)) return response.status(400).send('Invalid signature');
  const event = JSON.parse(request.body);
  await pool.query({
    name: 'keep',
    text: 'insert into events (source, webhook_id, type, received, body) values ($1, $2, $3, now(), $4) on conflict do nothing',
    values: ['openai', request.headers['webhook-id'], event.type, request.body],
  });
  response.json({ received: true });
});
app.listen(Number(process.env.PORT), '127.0.0.1');
