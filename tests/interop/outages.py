"""What becomes of a call while the gateway cannot record, for outage_test and postgresql_test."""

from __future__ import annotations

import contextlib
import pathlib
import re
import socket
import struct
import sys
import time
from collections.abc import Callable

sys.dont_write_bytecode = True
from gateway_process import OPERATOR, Gateway, describe, notice, verified

PATIENCE = 60.0  # seconds for what must come about; it is no bar


class Call:
    """Ann and Ben in a room; both are asked whether a sink may hear them."""

    def __init__(self, gateway: Gateway, room: str, sink: socket.socket) -> None:
        self.gateway, self.room, self.sink = gateway, f"/v1/rooms/{room}", sink
        self.connection = gateway.connect()
        self.phone, self.server = socket.socket(type=socket.SOCK_DGRAM), socket.socket(
            type=socket.SOCK_DGRAM)
        for one in (self.phone, self.server):
            one.bind(("127.0.0.1", 0))
            one.setblocking(False)
        self.ssrc, self.port, self.sequence = {"ann": 1, "ben": 2}, {}, 0
        self.require("PUT", self.room, {})
        for name in self.ssrc:
            path = f"{self.room}/participants/{name}"
            self.require("PUT", path, {"subject": f"s-{name}", "minor": False,
                                       "jurisdictions": {"declared": ["NL"]}})
            self.require("POST", path + "/offer", {"from": "client", "sdp": describe(self.phone)})
            answer = self.require("POST", path + "/answer", {"sdp": describe(self.server)})
            self.port[name] = int(re.search(r"m=audio (\d+)", answer["sdp"])[1])

    def ask(self, method: str, path: str, body: dict | None = None,
            **how: str) -> tuple[int, dict]:
        return self.gateway.call(self.gateway.connect(), method, path, body, **how)

    def require(self, method: str, path: str, body: dict | None = None, **how: str) -> dict:
        status, answer = self.ask(method, path, body, **how)
        if status >= 300:
            raise AssertionError(f"{method} {path}: {status} {answer}")
        return answer

    def record(self) -> None:
        self.require("PUT", f"{self.room}/purposes/recording", {"by": "sinks"})

    def consent(self, name: str, **how: str) -> tuple[int, dict]:
        return self.ask("PUT", f"{self.room}/participants/{name}/consents/recording",
                        {"statement": "granted", "method": "online", "default_state": "unticked",
                         "notice": notice()}, **how)

    def withdraw(self, name: str) -> int:
        return self.ask("DELETE", f"{self.room}/participants/{name}/consents/recording")[0]

    def talk(self) -> tuple[set[str], set[str]]:
        """Both say something: who was heard by the conference server, and who by the sink."""
        for one in (self.server, self.sink):
            self.names_at(one)  # what was left
        for _ in range(5):
            self.sequence += 1
            for name, ssrc in self.ssrc.items():
                packet = struct.pack(">BBHII", 0x80, 111, self.sequence & 0xFFFF,
                                     960 * self.sequence & 0xFFFFFFFF, ssrc) + b"\xf8" + bytes(39)
                self.phone.sendto(packet, ("127.0.0.1", self.port[name]))
            time.sleep(0.02)
        return self.names_at(self.server), self.names_at(self.sink)

    def names_at(self, one: socket.socket) -> set[str]:
        names = {ssrc: name for name, ssrc in self.ssrc.items()}
        heard = set()
        with contextlib.suppress(BlockingIOError):
            while True:
                data = one.recv(2048)
                if len(data) >= 12 and data[1] & 0x7F == 111:
                    heard.add(names[struct.unpack_from(">I", data, 8)[0]])
        return heard


class Outage:
    """Something happens to what the gateway records to, in the middle of a call or before a start."""

    def __init__(self, name: str, happen: Callable[[], None], mend: Callable[[], None],
                 at_start: bool, program: pathlib.Path, folder: pathlib.Path,
                 storage: str = "") -> None:
        self.name, self.happen, self.mend, self.at_start = name, happen, mend, at_start
        self.hangs = name == "hangs"  # who asks for what is to be recorded waits
        self.wrong: list[str] = []
        self.sink = socket.socket(type=socket.SOCK_DGRAM)
        self.sink.bind(("127.0.0.1", 0))
        self.sink.setblocking(False)
        self.gateway = Gateway(program, folder, self.sink.getsockname()[1], None, storage)

    def check(self, holds: object, what: str) -> None:
        if not holds:
            self.wrong.append(f"{self.name}: not so: {what}")

    def comes(self, condition, what: str) -> None:
        until = time.monotonic() + PATIENCE
        while not condition():
            if time.monotonic() > until:
                return self.check(False, what)
            time.sleep(0.05)

    def log_says(self, word: str) -> bool:
        return word in (self.gateway.folder / "log").read_text()

    def ready(self) -> tuple[int, dict]:
        return self.gateway.call(self.gateway.connect(), "GET", "/readyz", token=OPERATOR)

    def metric(self, name: str) -> float:
        connection = self.gateway.connect()
        connection.request("GET", "/metrics", headers={"Authorization": f"Bearer {OPERATOR}"})
        text = connection.getresponse().read().decode()
        return float(re.search(rf"^{name} (\S+)$", text, re.MULTILINE)[1])

    def run(self) -> list[str]:
        self.gateway.start()
        if self.at_start:
            self.gateway.stop()
            self.happen()
            self.gateway.start(ready=False)
            call = Call(self.gateway, "hall", self.sink)
            self.while_it_lasts_from_the_start(call)
        else:
            call = Call(self.gateway, "hall", self.sink)
            call.record()
            for name in call.ssrc:
                call.consent(name)
            self.comes(lambda: call.talk() == ({"ann", "ben"}, {"ann", "ben"}), "both are heard")
            self.happen()
            self.while_it_lasts(call)
        self.mend()
        self.afterwards(call)
        self.gateway.stop()
        self.check(self.gateway.process.returncode == 0, "it ends in order")
        self.wrong += verified(self.gateway.program, self.gateway)
        return self.wrong

    def while_it_lasts(self, call: Call) -> None:
        if not self.hangs:
            self.comes(lambda: call.consent("ann")[0] == 503, "a grant is refused")
            self.check(call.withdraw("ann") == 503, "a withdrawal says that it is not recorded")
            self.check(call.talk()[1] <= {"ben"}, "a withdrawal is in effect")
        self.comes(lambda: self.log_says("storage.permits_lapsed"), "the log says that permits lapse")
        self.comes(lambda: not call.talk()[1], "what was permitted lapses")
        for _ in range(10):
            self.check(call.talk() == ({"ann", "ben"}, set()), "the call flows on, the sink is deaf")
        self.check(self.log_says("storage.failed"), "the log says why")
        self.check(self.metric("assent_permits_lapsed") == 1, "the metrics say so")
        status, answer = self.ready()
        self.check(status == 503 and answer.get("detail"), f"/readyz says so: {status} {answer}")
        self.told = answer.get("detail")

    def while_it_lasts_from_the_start(self, call: Call) -> None:
        status, answer = self.ready()
        self.check(status == 503 and answer.get("detail"), f"/readyz says so: {status} {answer}")
        self.told = answer.get("detail")
        self.check(call.consent("ann")[0] == 503, "a grant is refused")
        self.check(call.ask("PUT", f"{call.room}/purposes/recording", {"by": "sinks"})[0] == 503,
                   "no purpose starts")
        for _ in range(10):
            self.check(call.talk() == ({"ann", "ben"}, set()), "the call flows on, the sink is deaf")

    def afterwards(self, call: Call) -> None:
        self.comes(lambda: self.ready()[0] == 200, f"it recovers by itself ({self.ready()})")
        if self.at_start:
            call.record()
        else:
            self.comes(lambda: self.log_says("storage.recovered"), "the log says that it is over")
            heard = {"ann", "ben"} if self.hangs else {"ben"}
            self.comes(lambda: call.talk() == ({"ann", "ben"}, heard),
                       "what stands is permitted again, and nothing else")
        self.comes(lambda: call.consent("ann")[0] == 200, "a grant is taken again")
        self.comes(lambda: "ann" in call.talk()[1], "and is in effect")
