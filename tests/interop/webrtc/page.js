// A page with a call, and what a conference server's client does in it.
'use strict';
const http = require('node:http');
const path = require('node:path');

const modules = path.resolve(__dirname, '..', '..', '..', 'build', 'npm', 'node_modules');

// These run in the page.
async function makeOffer(kinds) {
  const connection = new RTCPeerConnection();
  globalThis.connection = connection;
  const media = await navigator.mediaDevices.getUserMedia(kinds);
  for (const track of media.getTracks()) connection.addTrack(track, media);
  connection.addEventListener('track', ({ track }) => {
    const player = document.createElement(track.kind);
    player.srcObject = new MediaStream([track]);
    document.body.append(player);
    player.play();
  });
  await connection.setLocalDescription();
  return connection.localDescription.sdp;
}
async function takeAnswer(sdp) {
  await globalThis.connection.setRemoteDescription({ type: 'answer', sdp });
}
// The same with a data channel; what comes back on it is kept.
async function makeOfferWithBoard(kinds) {
  const connection = new RTCPeerConnection();
  globalThis.connection = connection;
  globalThis.openBoard = (label) => {
    globalThis.board = connection.createDataChannel(label);
    globalThis.read = [];
    globalThis.board.addEventListener('message', ({ data }) => globalThis.read.push(data));
  };
  globalThis.openBoard('board');
  const media = await navigator.mediaDevices.getUserMedia(kinds);
  for (const track of media.getTracks()) connection.addTrack(track, media);
  await connection.setLocalDescription();
  return connection.localDescription.sdp;
}
function openBoard(label) {
  globalThis.openBoard(label);
}
function writeOnBoard(words) {
  globalThis.board.send(words);
}
function board() {
  return { state: globalThis.board.readyState, read: globalThis.read };
}
// Other ICE credentials, as after a change of the network.
async function restartIce() {
  globalThis.connection.restartIce();
  await globalThis.connection.setLocalDescription();
  return globalThis.connection.localDescription.sdp;
}
async function statistics() {
  const found = { state: globalThis.connection.connectionState, transports: [] };
  for (const entry of (await globalThis.connection.getStats()).values()) {
    if (entry.type === 'inbound-rtp') found[entry.kind] = entry;
    if (entry.type === 'transport') found.transports.push(entry);
  }
  return found;
}

class Browser {
  static async open(voice) {
    const { chromium } = require(path.join(modules, 'playwright-core'));
    const self = new Browser();
    self.site = http.createServer((request, answer) => answer.end('<!doctype html><title>call'));
    await new Promise((resolve) => self.site.listen(0, '127.0.0.1', resolve));
    self.browser = await chromium.launch({
      executablePath: '/usr/bin/chromium',
      args: ['--no-sandbox', '--use-fake-ui-for-media-stream', '--use-fake-device-for-media-stream',
             `--use-file-for-fake-audio-capture=${voice}`, '--allow-loopback-in-peer-connection',
             '--autoplay-policy=no-user-gesture-required'],
    });
    return self;
  }
  async newPage() {
    const page = await this.browser.newPage();
    await page.goto(`http://127.0.0.1:${this.site.address().port}/`);
    return page;
  }
  async close() {
    await this.browser.close();
    this.site.close();
  }
}

module.exports = { Browser, makeOffer, makeOfferWithBoard, takeAnswer, restartIce, statistics,
                   openBoard, writeOnBoard, board };
