// A client of Janus as a page of an operator's would have it: it knows nothing of the gateway. Runs
// in the page.
'use strict';

class JanusClient {
  constructor(url) {
    this.url = url;
    this.waiting = new Map();  // by transaction
    this.handles = new Map();
  }
  async open() {
    if (this.url.startsWith('ws')) {
      this.socket = new WebSocket(this.url, 'janus-protocol');
      this.socket.addEventListener('message', ({ data }) => this.take(JSON.parse(data)));
      await new Promise((resolve, reject) => {
        this.socket.addEventListener('open', resolve);
        this.socket.addEventListener('error', reject);
      });
    }
    this.session = (await this.ask({ janus: 'create' })).data.id;
    if (!this.socket) this.poll();
    else this.beat = setInterval(() => this.tell({ janus: 'keepalive' }), 20_000);
    return this;
  }
  close() {
    clearInterval(this.beat);
    this.socket?.close();
  }
  async poll() {
    for (;;) {
      const answer = await fetch(`${this.url}/${this.session}?maxev=5`);
      for (const event of [await answer.json()].flat()) this.take(event);
    }
  }
  // Of the message with this transaction: the answer, or the event that says what came of it.
  take(message) {
    const waits = this.waiting.get(message.transaction);
    if (waits && message.janus !== 'ack') {
      this.waiting.delete(message.transaction);
      waits(message);
    } else {
      this.handles.get(message.sender)?.(message);
    }
  }
  tell(message) {
    const transaction = Math.random().toString(36).slice(2);
    const whole = { ...message, transaction, session_id: this.session };
    if (!this.session) delete whole.session_id;
    if (this.socket) {
      this.socket.send(JSON.stringify(whole));
      return transaction;
    }
    const target = [this.url, this.session, message.handle_id].filter(Boolean).join('/');
    fetch(target, { method: 'POST', body: JSON.stringify(whole) })
      .then((answer) => answer.json()).then((answer) => this.take(answer));
    return transaction;
  }
  async ask(message) {
    const answer = await new Promise((resolve) => this.waiting.set(this.tell(message), resolve));
    if (answer.janus === 'error') throw new Error(JSON.stringify(answer.error));
    const failed = answer.plugindata?.data?.error;
    if (failed) throw new Error(failed);
    return answer;
  }
  async attach(plugin, onEvent) {
    const attached = await this.ask({ janus: 'attach', plugin: `janus.plugin.${plugin}` });
    const handle = attached.data.id;
    this.handles.set(handle, onEvent ?? (() => {}));
    return handle;
  }
  say(handle, body, jsep) {
    const message = { janus: 'message', handle_id: handle, body };
    if (jsep) message.jsep = { type: jsep.type, sdp: jsep.sdp };
    return this.ask(message);
  }
  // A connection whose candidates trickle, as browsers have it.
  connection(handle) {
    const made = new RTCPeerConnection();
    made.addEventListener('icecandidate', ({ candidate }) => {
      this.tell({ janus: 'trickle', handle_id: handle,
                  candidate: candidate ? candidate.toJSON() : { completed: true } });
    });
    return made;
  }
}

// What the page heard and saw, by who said it.
const others = new Map();

function show(connection) {
  connection.addEventListener('track', ({ track }) => {
    const player = document.createElement(track.kind);
    player.srcObject = new MediaStream([track]);
    document.body.append(player);
    player.play();
  });
}

async function send(client, handle, kinds, body) {
  const connection = client.connection(handle);
  const media = await navigator.mediaDevices.getUserMedia(kinds);
  for (const track of media.getTracks()) connection.addTrack(track, media);
  show(connection);
  await connection.setLocalDescription();
  const answered = await client.say(handle, body, connection.localDescription);
  await connection.setRemoteDescription(answered.jsep);
  return connection;
}

async function watch(client, room, privateId, feed) {
  if (others.has(feed)) return;
  others.set(feed, null);
  const handle = await client.attach('videoroom');
  const offered = await client.say(handle, { request: 'join', ptype: 'subscriber', room,
                                             streams: [{ feed }], private_id: privateId });
  const connection = client.connection(handle);
  show(connection);
  await connection.setRemoteDescription(offered.jsep);
  await connection.setLocalDescription();
  await client.say(handle, { request: 'start', room }, connection.localDescription);
  others.set(feed, connection);
}

// Joins the video room, sends, and watches whoever is there or comes.
async function joinVideoRoom(url, room, display) {
  const client = await new JanusClient(url).open();
  globalThis.client = client;
  let privateId;
  const look = ({ plugindata }) => {
    for (const { id } of plugindata?.data?.publishers ?? []) watch(client, room, privateId, id);
  };
  const handle = await client.attach('videoroom', look);
  const joined = await client.say(handle, { request: 'join', ptype: 'publisher', room, display });
  privateId = joined.plugindata.data.private_id;
  look(joined);
  globalThis.own = await send(client, handle, { audio: true, video: { width: 320, height: 240 } },
                              { request: 'configure', audio: true, video: true });
  return joined.plugindata.data.id;
}

// Joins the audio bridge, where everybody hears the others' mix.
async function joinAudioBridge(url, room, display) {
  const client = await new JanusClient(url).open();
  globalThis.client = client;
  const handle = await client.attach('audiobridge');
  const joined = await client.say(handle, { request: 'join', room, display });
  globalThis.own = await send(client, handle, { audio: true },
                              { request: 'configure', muted: false });
  others.set('all', globalThis.own);
  return joined.plugindata.data.id;
}

// By feed: the state of the connection, what came, and from which address.
async function perceived() {
  const found = {};
  for (const [feed, connection] of others) {
    if (!connection) continue;
    const one = found[feed] = { state: connection.connectionState };
    const stats = await connection.getStats();
    for (const entry of stats.values()) {
      if (entry.type === 'inbound-rtp' && entry.kind === 'audio') {
        one.energy = entry.totalAudioEnergy;
        one.packets = entry.packetsReceived;
      }
      if (entry.type === 'inbound-rtp' && entry.kind === 'video') one.frames = entry.framesDecoded;
      if (entry.type === 'transport') {
        const pair = stats.get(entry.selectedCandidatePairId);
        one.from = stats.get(pair?.remoteCandidateId)?.port;
      }
    }
  }
  return found;
}
