// Debian's janus, a real WebRTC server: EchoTest, which sends everybody back what it sends, spoken to
// over janus's HTTP API; and rooms, for clients that speak to it themselves.
'use strict';
const assert = require('node:assert');
const { spawn } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { eventually, freePort } = require('./gateway.js');

const libraries = '/usr/lib/x86_64-linux-gnu/janus';

function others(kind, wanted) {
  return fs.readdirSync(path.join(libraries, kind))
    .filter((name) => name.endsWith('.so') && !wanted.includes(name)).join(',');
}

function configure(folder, port, websocketPort, isLite) {
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
nat: { ice_lite = ${isLite} }
plugins: {
  disable = "${others('plugins', ['libjanus_echotest.so', 'libjanus_videoroom.so',
                                  'libjanus_audiobridge.so'])}"
}
transports: { disable = "${others('transports', ['libjanus_http.so', 'libjanus_websockets.so'])}" }
loggers: { disable = "${others('loggers', [])}" }
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
  fs.writeFileSync(path.join(folder, 'janus.transport.websockets.jcfg'), `general: {
  json = "compact"
  ws = true
  ws_ip = "127.0.0.1"
  ws_port = ${websocketPort}
  wss = false
}
admin: { admin_ws = false  admin_wss = false }
`);
  fs.writeFileSync(path.join(folder, 'janus.plugin.videoroom.jcfg'), `room-1234: {
  description = "faces"
  publishers = 6
  audiocodec = "opus"
  videocodec = "vp8"
  record = false
}
`);
  fs.writeFileSync(path.join(folder, 'janus.plugin.audiobridge.jcfg'), `room-5678: {
  description = "voices"
  sampling_rate = "48000"
  record = false
}
`);
}

class Janus {
  // `isLite`: it is a lite agent; else a full one, as it comes.
  static async start(folder, isLite = false) {
    const self = new Janus();
    const port = await freePort();
    const websocketPort = await freePort();
    self.base = `http://127.0.0.1:${port}/janus`;
    self.websocket = `ws://127.0.0.1:${websocketPort}`;
    configure(folder, port, websocketPort, isLite);
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
  // What EchoTest answers to an offer, the first or a further one of the same call.
  async answer(sdp, body) {
    if (!this.handle) {
      this.session = this.base + '/' + (await this.post(this.base, { janus: 'create' })).data.id;
      const plugin = 'janus.plugin.echotest';
      this.handle = this.session + '/' +
        (await this.post(this.session, { janus: 'attach', plugin })).data.id;
    }
    await this.post(this.handle,
                    { janus: 'message', body, jsep: { type: 'offer', sdp, trickle: false } });
    for (;;) {
      const event = await (await fetch(this.session + '?maxev=1')).json();
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
