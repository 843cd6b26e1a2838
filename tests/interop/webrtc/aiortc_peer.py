#!/usr/bin/python3
# An independent WebRTC stack (aiortc, Debian's package) as a client that speaks, or as a conference
# server that sends everybody's own voice back, and what is written on data channels. A full ICE agent either way. One JSON object a line:
#   in   {"offer": true}  {"take_offer": SDP}  {"take_answer": SDP}  {"statistics": true}
#   out  {"sdp": SDP, "candidates": [...]}     {"state": ..., "heard": packets, "sent": packets,
#                                              "read": [what was written, in its order]}
# `candidates` are taken out of the server's SDP, to be trickled.
import asyncio
import json
import sys

from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.contrib.media import MediaPlayer, MediaRelay, MediaBlackhole


def without_candidates(sdp):
    candidates, rest = [], []
    for line in sdp.splitlines():
        if line.startswith('a=candidate:'):
            candidates.append(line[2:])
        elif line != 'a=end-of-candidates':
            rest.append(line)
    return '\r\n'.join(rest) + '\r\n', candidates


class Peer:
    def __init__(self, voice):
        self.connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self.voice = voice
        self.sinks = []
        self.relay = MediaRelay()
        self.read = []
        self.connection.on('track', self.on_track)
        self.connection.on('datachannel', self.on_channel)

    def on_track(self, track):
        if self.voice is None:
            self.connection.addTrack(self.relay.subscribe(track))
        sink = MediaBlackhole()
        sink.addTrack(self.relay.subscribe(track))
        self.sinks.append(sink)
        asyncio.ensure_future(sink.start())

    def on_channel(self, channel):
        def answer(words):
            self.read.append(words)
            channel.send('read: ' + words)
        channel.on('message', answer)

    async def offer(self):
        self.connection.addTrack(MediaPlayer(self.voice, loop=True).audio)
        await self.connection.setLocalDescription(await self.connection.createOffer())
        return {'sdp': self.connection.localDescription.sdp}

    async def take_offer(self, sdp):
        await self.connection.setRemoteDescription(RTCSessionDescription(sdp, 'offer'))
        await self.connection.setLocalDescription(await self.connection.createAnswer())
        told, candidates = without_candidates(self.connection.localDescription.sdp)
        return {'sdp': told, 'candidates': candidates}

    async def take_answer(self, sdp):
        await self.connection.setRemoteDescription(RTCSessionDescription(sdp, 'answer'))
        return {}

    async def statistics(self):
        found = {'state': self.connection.connectionState, 'heard': 0, 'sent': 0,
                 'read': self.read}
        for entry in (await self.connection.getStats()).values():
            if entry.type == 'inbound-rtp':
                found['heard'] += entry.packetsReceived
            if entry.type == 'outbound-rtp':
                found['sent'] += entry.packetsSent
        return found

    async def obey(self, order):
        if 'take_offer' in order:
            return await self.take_offer(order['take_offer'])
        if 'take_answer' in order:
            return await self.take_answer(order['take_answer'])
        return await (self.offer() if 'offer' in order else self.statistics())


async def main():
    peer = Peer(sys.argv[1] if len(sys.argv) > 1 else None)
    loop = asyncio.get_event_loop()
    while True:
        line = await loop.run_in_executor(None, sys.stdin.readline)
        if not line:
            break
        print(json.dumps(await peer.obey(json.loads(line))), flush=True)
    await peer.connection.close()


asyncio.run(main())
