// In the page: a client of WHIP and WHEP as such are written, which knows of no gateway.
'use strict';

async function negotiate(connection, url, token) {
  const later = [];
  connection.addEventListener('icecandidate', ({ candidate }) => later.push(candidate));
  await connection.setLocalDescription();
  const answer = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/sdp', ...(token && { authorization: `Bearer ${token}` }) },
    body: connection.localDescription.sdp,
  });
  if (answer.status !== 201) return { status: answer.status };
  const sdp = await answer.text();
  await connection.setRemoteDescription({ type: 'answer', sdp });
  return {
    status: 201,
    sdp,
    session: new URL(answer.headers.get('location'), url).href,
    etag: answer.headers.get('etag'),
    link: answer.headers.get('link'),
    candidates: later.filter((candidate) => candidate?.candidate).map(({ candidate }) => candidate),
  };
}

async function publish(url, token) {
  globalThis.connection = new RTCPeerConnection();
  const media = await navigator.mediaDevices.getUserMedia({ audio: true });
  globalThis.connection.addTransceiver(media.getAudioTracks()[0],
                                       { direction: 'sendonly', streams: [media] });
  return negotiate(globalThis.connection, url, token);
}

async function play(url, token) {
  globalThis.connection = new RTCPeerConnection();
  globalThis.connection.addTransceiver('audio', { direction: 'recvonly' });
  globalThis.connection.addEventListener('track', ({ track }) => {
    const player = document.createElement('audio');
    player.srcObject = new MediaStream([track]);
    document.body.append(player);
    player.play();
  });
  return negotiate(globalThis.connection, url, token);
}

// What was gathered, to the session; gives the status.
async function trickle({ session, etag, candidates }, token) {
  const [, ufrag] = /a=ice-ufrag:(\S+)/.exec(globalThis.connection.localDescription.sdp);
  const [, password] = /a=ice-pwd:(\S+)/.exec(globalThis.connection.localDescription.sdp);
  const lines = [`a=ice-ufrag:${ufrag}`, `a=ice-pwd:${password}`, 'm=audio 9 RTP/AVP 0', 'a=mid:0',
                 ...candidates.map((candidate) => `a=${candidate}`), 'a=end-of-candidates', ''];
  const answer = await fetch(session, {
    method: 'PATCH',
    headers: { 'content-type': 'application/trickle-ice-sdpfrag', 'if-match': etag,
               authorization: `Bearer ${token}` },
    body: lines.join('\r\n'),
  });
  return answer.status;
}

async function end({ session }, token) {
  return (await fetch(session, { method: 'DELETE', headers: { authorization: `Bearer ${token}` } })).status;
}

async function perceived() {
  const found = { state: globalThis.connection.connectionState, energy: 0, from: 0 };
  const all = await globalThis.connection.getStats();
  for (const entry of all.values()) {
    if (entry.type === 'inbound-rtp') found.energy = entry.totalAudioEnergy;
    if (entry.type === 'transport' && entry.selectedCandidatePairId) {
      const pair = all.get(entry.selectedCandidatePairId);
      found.from = all.get(pair.remoteCandidateId).port;
    }
  }
  return found;
}
