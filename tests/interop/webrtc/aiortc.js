// aiortc_peer.py from here: a client with a voice, or without one a server that echoes.
'use strict';
const { spawn } = require('node:child_process');
const path = require('node:path');
const readline = require('node:readline');

class Aiortc {
  constructor(voice) {
    const script = path.join(__dirname, 'aiortc_peer.py');
    this.process = spawn('/usr/bin/python3', voice ? [script, voice] : [script],
                         { stdio: ['pipe', 'pipe', 'inherit'] });
    this.lines = readline.createInterface({ input: this.process.stdout });
    this.waiting = [];
    this.lines.on('line', (line) => this.waiting.shift().resolve(JSON.parse(line)));
    this.process.on('exit', () => {
      for (const { reject } of this.waiting) reject(new Error('aiortc has ended'));
    });
  }
  ask(order) {
    return new Promise((resolve, reject) => {
      this.waiting.push({ resolve, reject });
      this.process.stdin.write(JSON.stringify(order) + '\n');
    });
  }
  stop() {
    return new Promise((resolve) => {
      if (this.process.exitCode !== null) return resolve();
      this.process.once('exit', resolve);
      this.process.stdin.end();
    });
  }
}

module.exports = { Aiortc };
