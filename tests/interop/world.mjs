// A running creel and a handler behind it, for the tests that speak with the SDKs.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';

export const freePort = () => new Promise((resolve) => {
  const server = net.createServer().listen(0, '127.0.0.1', () => {
    const { port } = server.address();
    server.close(() => resolve(port));
  });
});

export const eventually = async (check, what) => {
  for (let tries = 0; tries < 1000; ++tries) {
    const found = await check();
    if (found) return found;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  assert.fail(`never: ${what}`);
};

// `configure` is given the handler's URL and returns the text of creel.toml; without one, --forward-to leads there.
export async function startWorld({ environment = {}, configure } = {}) {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'creel-interop-'));
  const delivered = [];
  const handler = http.createServer((request, response) => {
    const parts = [];
    request.on('data', (part) => parts.push(part));
    request.on('end', () => {
      delivered.push({ method: request.method, url: request.url, headers: request.headers, body: Buffer.concat(parts).toString() });
      response.end('ok');
    });
  });
  await new Promise((resolve) => handler.listen(0, '127.0.0.1', resolve));
  const handlerUrl = `http://127.0.0.1:${handler.address().port}/webhooks`;
  const [port, admin] = [await freePort(), await freePort()];
  const url = `http://127.0.0.1:${port}`;
  const args = ['serve', '--listen', `127.0.0.1:${port}`, '--admin-listen', `127.0.0.1:${admin}`, '--store', path.join(folder, 'store')];
  if (configure) {
    writeFileSync(path.join(folder, 'creel.toml'), configure(handlerUrl));
  } else {
    args.push('--forward-to', handlerUrl);
  }
  const creel = spawn(process.env.CREEL, args,
    { env: { PATH: process.env.PATH, ...environment }, cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] });
  creel.unref();
  let ended;
  creel.on('exit', (code) => { ended = code; });
  const stop = () => {
    creel.kill('SIGKILL');
    handler.closeAllConnections?.();
    handler.close();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await eventually(() => {
      assert.equal(ended, undefined, 'creel ended');
      return fetch(`${url}/-/ready`).then((answer) => answer.ok, () => false);
    }, 'creel is ready');
  } catch (error) {
    stop();
    throw error;
  }
  return { url, handlerUrl, delivered, stop };
}
