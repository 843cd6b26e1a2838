#!/usr/bin/python3
# A server of WHIP and WHEP made of an independent WebRTC stack (aiortc, Debian's package): whoever
# publishes in a room is heard by whoever plays it. It knows nothing of the gateway.
#
#     POST   /media/ROOM/whip, /media/ROOM/whep     with "Authorization: Bearer secret"
#     PATCH  /media/session/N                       501: no trickle, no ICE restart
#     DELETE /media/session/N
#     GET    /sessions                              what a test wants to know
#
# The port is the first line of the output.
import asyncio
import json
import sys

from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.contrib.media import MediaBlackhole, MediaRelay

TOKEN = 'Bearer secret'


class Server:
    def __init__(self):
        self.relay = MediaRelay()
        self.sessions, self.tracks, self.sinks = {}, {}, []
        self.last = 0

    async def publish(self, room, connection):
        @connection.on('track')
        async def on_track(track):
            self.tracks[room] = track
            sink = MediaBlackhole()  # reads what nobody plays
            sink.addTrack(self.relay.subscribe(track))
            self.sinks.append(sink)
            await sink.start()

    async def begin(self, room, kind, offer):
        if kind == 'whep' and room not in self.tracks:
            return 409, {'Retry-After': '1'}, ''
        connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        if kind == 'whip':
            await self.publish(room, connection)
        await connection.setRemoteDescription(RTCSessionDescription(offer, 'offer'))
        if kind == 'whep':
            connection.addTrack(self.relay.subscribe(self.tracks[room]))
        await connection.setLocalDescription(await connection.createAnswer())
        self.last += 1
        self.sessions[str(self.last)] = (kind, connection)
        return 201, {'Content-Type': 'application/sdp', 'Location': f'/media/session/{self.last}',
                     'ETag': '"1"', 'Link': '<stun:stun.example.net>; rel="ice-server"'}, \
            connection.localDescription.sdp

    async def end(self, number):
        if number not in self.sessions:
            return 404, {}, ''
        _, connection = self.sessions.pop(number)
        await connection.close()
        return 200, {}, ''

    async def list(self):
        found = []
        for kind, connection in self.sessions.values():
            heard = sum(entry.packetsReceived for entry in (await connection.getStats()).values()
                        if entry.type == 'inbound-rtp')
            found.append({'kind': kind, 'state': connection.connectionState, 'heard': heard,
                          'offer': connection.remoteDescription.sdp})
        return 200, {'Content-Type': 'application/json'}, json.dumps(found)

    async def answer(self, method, target, fields, body):
        if (method, target) == ('GET', '/sessions'):
            return await self.list()
        if fields.get('authorization') != TOKEN:
            return 401, {'WWW-Authenticate': 'Bearer realm="whip"'}, ''
        path = target.split('/')[1:]
        if method == 'POST' and len(path) == 3 and path[2] in ('whip', 'whep'):
            return await self.begin(path[1], path[2], body)
        if method == 'DELETE' and path[:2] == ['media', 'session']:
            return await self.end(path[2])
        return 501 if method == 'PATCH' else 404, {}, ''

    async def serve(self, reader, writer):
        head = (await reader.readuntil(b'\r\n\r\n')).decode()
        request, *lines = head.strip().split('\r\n')
        method, target, _ = request.split(' ')
        fields = {name.lower(): value.strip()
                  for name, value in (line.split(':', 1) for line in lines)}
        body = (await reader.readexactly(int(fields.get('content-length', 0)))).decode()
        status, answers, text = await self.answer(method, target, fields, body)
        answers.update({'Content-Length': len(text.encode()), 'Connection': 'close'})
        head = ''.join(f'{name}: {value}\r\n' for name, value in answers.items())
        writer.write(f'HTTP/1.1 {status} x\r\n{head}\r\n{text}'.encode())
        await writer.drain()
        writer.close()


async def main():
    server = await asyncio.start_server(Server().serve, '127.0.0.1', 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    # Ends with whoever began it.
    await asyncio.get_event_loop().run_in_executor(None, sys.stdin.read)
    server.close()


asyncio.run(main())
