// What the parts of tests/interop/webrtc_test share.
'use strict';
const assert = require('node:assert');
const { spawn } = require('node:child_process');
const crypto = require('node:crypto');
const fs = require('node:fs');
const net = require('node:net');
const os = require('node:os');
const path = require('node:path');

const token = 'token-of-the-test';

const later = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function eventually(what, holds, within = 15_000) {
  for (const end = Date.now() + within; Date.now() < end; await later(50)) {
    const value = await holds();
    if (value) return value;
  }
  throw new Error(`in vain: ${what}`);
}

// Outside of the gateway's range of media ports.
async function freePort() {
  for (;;) {
    const found = await new Promise((resolve) => {
      const probe = net.createServer().listen(0, '127.0.0.1', () => {
        const { port } = probe.address();
        probe.close(() => resolve(port));
      });
    });
    if (found < 40_000 || found > 49_999) return found;
  }
}

// Of a real interface: janus gathers no loopback candidates, nor does it check such.
function hostAddress() {
  const all = Object.values(os.networkInterfaces()).flat();
  return all.find(({ family, internal }) => family === 'IPv4' && !internal)?.address ?? '127.0.0.1';
}

function configuration(folder, port, archive, more, mediaPort) {
  const hash = crypto.createHash('sha256').update(token).digest('hex');
  return `gateway: {jurisdiction: NL}
conference_server: {jurisdiction: NL}
media: {workers: 1, addresses: [{bind: ${hostAddress()}}]${mediaPort ? `, webrtc_port: ${mediaPort}` : ''}}
api:
  listen: 127.0.0.1:${port}
  tokens: [{name: server, role: conference-server, sha256: ${hash}}]
storage: {database: ${folder}/assent.db, cdr_directory: ${folder}/cdr}
sinks:
  recorder: {kind: ogg, directory: ${folder}/recordings}
  archive: {kind: rtp, address: "127.0.0.1:${archive}"}
${more}`;
}

class Gateway {
  // `more`: sections of its configuration besides.
  constructor(program, folder, port, archive, more = '', mediaPort) {
    this.base = `http://127.0.0.1:${port}`;
    fs.writeFileSync(path.join(folder, 'assent.yaml'), configuration(folder, port, archive, more, mediaPort));
    this.log = fs.openSync(path.join(folder, 'log'), 'w');
    this.process = spawn(program, ['serve', '--config', path.join(folder, 'assent.yaml')], {
      stdio: ['ignore', 'ignore', this.log],
      env: { ...process.env, STATE_DIRECTORY: folder },
    });
  }
  ready() {
    return eventually('the gateway gets ready', async () => {
      try {
        return (await fetch(this.base + '/readyz')).ok;
      } catch {
        return false;
      }
    });
  }
  async call(method, target, body) {
    const answer = await fetch(this.base + target, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const text = await answer.text();
    assert(answer.ok, `${method} ${target}: ${answer.status} ${text}`);
    return text === '' ? {} : JSON.parse(text);
  }
  stop() {
    return new Promise((resolve) => {
      if (this.process.exitCode !== null) return resolve();
      this.process.once('exit', resolve);
      this.process.kill('SIGTERM');
    });
  }
}

module.exports = { Gateway, eventually, freePort, later };
