"""Debian's rtpengine-daemon in userspace, driven over ng as a SIP proxy would."""

import os
import socket
import subprocess

from . import process


def bencode(value):
    if isinstance(value, str):
        value = value.encode()
    if isinstance(value, bytes):
        return b"%d:%s" % (len(value), value)
    if isinstance(value, int):
        return b"i%de" % value
    if isinstance(value, list):
        return b"l" + b"".join(map(bencode, value)) + b"e"
    return b"d" + b"".join(bencode(k) + bencode(value[k]) for k in sorted(value)) + b"e"


def bdecode(data, at=0):
    """Returns the value at `at` and where it ends; strings stay bytes except as keys."""
    kind = data[at : at + 1]
    if kind == b"i":
        end = data.index(b"e", at)
        return int(data[at + 1 : end]), end + 1
    if kind in b"ld":
        items, at = [], at + 1
        while data[at : at + 1] != b"e":
            item, at = bdecode(data, at)
            items.append(item)
        if kind == b"l":
            return items, at + 1
        return {k.decode(): v for k, v in zip(items[::2], items[1::2])}, at + 1
    colon = data.index(b":", at)
    end = colon + 1 + int(data[at:colon])
    return data[colon + 1 : end], end


class RtpEngine:
    def __init__(self, core, log_directory, threads=None):
        """threads: None as installed, which is one a core of the machine, 4 at the least."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.bind(("127.0.0.1", 0))
            self.control = probe.getsockname()
        self.ng = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.ng.connect(self.control)
        self.log = open(log_directory / "rtpengine.log", "a")
        address = "%s:%d" % self.control
        self.process = process.start(
            ["rtpengine", "--foreground", "--log-stderr", "--log-level=3", "--config-file=none",
             "--table=-1", "--interface=127.0.0.1", f"--listen-ng={address}",
             *([f"--num-threads={threads}"] if threads else []), "--port-min=10000", "--port-max=31999", "--timeout=3600", "--silent-timeout=3600",
             "--offer-timeout=3600", "--delete-delay=0"],
            core, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log,
        )
        process.wait_until(self.answers_ping, self.process, "rtpengine")

    def command(self, seconds=2, **request):
        cookie = os.urandom(6).hex().encode()
        self.ng.settimeout(seconds)
        message = {name.replace("_", "-"): value for name, value in request.items()}
        self.ng.send(cookie + b" " + bencode(message))
        while True:
            reply = self.ng.recv(65536)
            if reply.startswith(cookie + b" "):
                break
        answer, _ = bdecode(reply, len(cookie) + 1)
        if answer["result"] not in (b"ok", b"pong"):
            raise RuntimeError(f"rtpengine: {answer}")
        return answer

    def answers_ping(self):
        try:
            return bool(self.command(0.2, command="ping"))
        except OSError:
            return False

    def connect(self, calls):
        for call in calls:
            names = {"call_id": call.name, "from_tag": "c" + call.name}
            common = {"ICE": "remove", "replace": ["origin", "session-connection"]}
            offer = self.command(
                command="offer", sdp=call.client.sdp(), **names, **common,
                transport_protocol="RTP/SAVP" if call.server.suite else "RTP/AVP",
            )
            tag = call.server.read_relay_sdp(offer["sdp"].decode())
            answer = self.command(
                command="answer", sdp=call.server.sdp(tag or 1), to_tag="s" + call.name, **names,
                **common,
            )
            call.client.read_relay_sdp(answer["sdp"].decode())

    @property
    def pid(self):
        return self.process.pid

    @staticmethod
    def version():
        text = subprocess.run(["rtpengine", "--version"], capture_output=True, text=True)
        return (text.stdout + text.stderr).strip().removeprefix("Version: ")

    def close(self):
        process.end(self.process)
        self.ng.close()
        self.log.close()
