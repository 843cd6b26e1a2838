// Debian's janus with its EchoTest, which sends everybody back what it sends: a real WebRTC server,
// spoken to over janus's HTTP API.
'use strict';
const assert = require('node:assert');
const { spawn } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { eventually, freePort } = require('./gateway.js');

const libraries = '/usr/lib/x86_64-linux-gnu/janus';

function others(kind, wanted) {
  return fs.readdirSync(path.join(libraries, kind))
    .filter((name) => name.endsWith('.so') && name !== wanted).join(',');
}

function configure(folder, port) {
  fs.mkdirSync(folder);
  fs.writeFileSync(path.join(folder, 'janus.jcfg'), `general: {
  configs_folder = "${folder}"
  plugins_folder = "${libraries}/plugins"
  transports_folder = "${libraries}/transports"
  events_folder = "${libraries}/events"
  loggers_folder = "${libraries}/loggers"
  debug_level = 4
  debug_colors = false
  session_timeout = 0
}
plugins: { disable = "${others('plugins', 'libjanus_echotest.so')}" }
transports: { disable = "${others('transports', 'libjanus_http.so')}" }
loggers: { disable = "${others('loggers')}" }
`);
  fs.writeFileSync(path.join(folder, 'janus.transport.http.jcfg'), `general: {
  json = "compact"
  base_path = "/janus"
  http = true
  https = false
  ip = "127.0.0.1"
  port = ${port}
}
admin: { admin_http = false  admin_https = false }
`);
}

class Janus {
  static async start(folder) {
    const self = new Janus();
    const port = await freePort();
    self.base = `http://127.0.0.1:${port}/janus`;
    configure(folder, port);
    self.log = path.join(folder, 'log');
    const log = fs.openSync(self.log, 'w');
    self.process = spawn('janus', ['-F', folder], { stdio: ['ignore', log, log] });
    await eventually('janus answers', async () => {
      try {
        return (await fetch(self.base + '/info')).ok;
      } catch {
        return false;
      }
    });
    return self;
  }
  async post(target, body) {
    const transaction = Math.random().toString(36).slice(2);
    const answer = await fetch(target, { method: 'POST',
                                         body: JSON.stringify({ transaction, ...body }) });
    return answer.json();
  }
  // What EchoTest answers to an offer.
  async answer(sdp, body) {
    const session = this.base + '/' + (await this.post(this.base, { janus: 'create' })).data.id;
    const plugin = 'janus.plugin.echotest';
    const handle = session + '/' +
      (await this.post(session, { janus: 'attach', plugin })).data.id;
    await this.post(handle, { janus: 'message', body, jsep: { type: 'offer', sdp, trickle: false } });
    for (;;) {
      const event = await (await fetch(session + '?maxev=1')).json();
      assert.notStrictEqual(event.janus, 'error', JSON.stringify(event));
      if (event.jsep) return event.jsep.sdp;
    }
  }
  stop() {
    return new Promise((resolve) => {
      if (this.process.exitCode !== null) return resolve();
      this.process.once('exit', resolve);
      this.process.kill('SIGTERM');
    });
  }
}

module.exports = { Janus };
