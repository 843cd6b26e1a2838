"""The conference itself, as a signalling application sets it up, and the withdrawal within it."""

from __future__ import annotations

import json
import pathlib
import re
import shutil
import signal
import sys
import time

from . import ports, rtp, script, sdp, voices
from .assent import Answer, Gateway
from .children import Children, Failed, wait_until
from .evidence import Folder
from .janus import ConferenceServer
from .progress import Progress
from .script import A, B, C, PURPOSE, WITNESS
from .softphone import ListeningPhone, SpeakingPhone
from .voices import PACKET_S

ROOM = "demonstration"
JURISDICTION = "NL"
LANGUAGE = "en"
POLICY = pathlib.Path(__file__).resolve().parents[2] / "config" / "policy.yaml"
TICK_S = 0.05
LAST_PACKETS_S = 1.0  # what is on its way when the speakers end, jitter buffers included


def clear(folder: Folder) -> None:
    """Evidence of an earlier conference must not be taken for this one's."""
    if folder.root.exists() and any(folder.root.iterdir()) and not folder.tracks.exists():
        raise Failed(f"{folder.root} holds something else than an earlier demonstration")
    shutil.rmtree(folder.root, ignore_errors=True)
    for directory in (folder.logs, folder.tracks, folder.judged):
        directory.mkdir(parents=True)


def hold(folder: Folder, program: pathlib.Path, progress: Progress) -> None:
    """Carries the whole conference; leaves the evidence in the folder."""
    clear(folder)
    progress.now("speaking the sentences and encoding them")
    tracks = voices.lay_out(folder.tracks)
    for speaker in script.SPEAKERS:
        voices.encode(tracks.samples[speaker.name], folder.wav(speaker), folder.opus(speaker))
    with Children(folder.logs) as children:
        Conference(folder, program, tracks, children, progress).run()


class Conference:
    def __init__(self, folder: Folder, program: pathlib.Path, tracks: voices.Tracks,
                 children: Children, progress: Progress) -> None:
        self._folder = folder
        self._tracks = tracks
        self._children = children
        self._progress = progress
        self._profiles: dict[str, dict[str, str]] = {}
        progress.now("starting the second sink, the conference server and the gateway")
        sink_port = self._start_second_sink()
        self._server = ConferenceServer(children, folder.root / "janus")
        self._gateway = Gateway(children, folder, program, sink_port)

    def run(self) -> None:
        room = f"/v1/rooms/{ROOM}"
        self._gateway.put(room)
        phones = [SpeakingPhone(s, self._folder.opus(s)) for s in script.SPEAKERS]
        listener = ListeningPhone(self._folder.witness, self._folder.tracks)
        self._progress.now("participants join, and are asked for their consent")
        for name in [s.name for s in script.SPEAKERS] + [WITNESS]:
            self._gateway.put(_participant(name), subject=f"subject-{name}", language=LANGUAGE,
                              minor=False, jurisdictions={"declared": [JURISDICTION]})
        self._state_consents()
        self._gateway.put(f"{room}/purposes/{PURPOSE}", by="sinks")

        listener.listen(self._children, self._connect(WITNESS, listener))
        remotes = [self._connect(phone.speaker.name, phone) for phone in phones]
        for phone, remote in zip(phones, remotes):
            phone.speak(self._children, remote)
        withdrawal = self._carry(phones)

        # While packets still come: ffmpeg looks for the signal between two of them.
        self._children.stop(listener.process_name, signal.SIGINT)
        self._gateway.delete(room)
        self._gateway.stop()
        self._children.stop("second_sink")
        self._write_notes(withdrawal)

    def _start_second_sink(self) -> int:
        port = ports.block(2)
        program = pathlib.Path(__file__).with_name("sink_capture.py")
        self._children.start("second_sink",
                             [sys.executable, program, self._folder.capture, port, port + 1])
        wait_until(lambda: "capturing" in self._children.log("second_sink"), "the second sink")
        return port

    def _state_consents(self) -> None:
        """A box that was not ticked beforehand, under the notice of the default policy; a refusal
        needs no proof."""
        agreed = {"statement": "granted", "method": "online", "default_state": "unticked",
                  "notice": _notice()}
        self._gateway.put(_consent(A.name), **agreed)
        self._gateway.put(_consent(B.name), statement="refused", method="online")
        self._gateway.put(_consent(C.name), **agreed)

    def _connect(self, name: str, phone: SpeakingPhone | ListeningPhone) -> sdp.Audio:
        """Offer and answer across the gateway: the phone's, and the conference server's. C is
        carried over SRTP on both sides where the server can."""
        toward = sdp.SECURE if name == C.name and self._server.takes_srtp else sdp.PLAIN
        offered = self._gateway.post(f"{_participant(name)}/offer", **{"from": "client"},
                                     sdp=phone.offer(), transport=toward).body["sdp"]
        server_answer = self._server.answer(name, offered)
        answered = self._gateway.post(f"{_participant(name)}/answer", sdp=server_answer)
        remote = sdp.audio_of(answered.body["sdp"])
        self._profiles[name] = {"client": remote.profile,
                                "server": sdp.audio_of(server_answer).profile}
        return remote

    def _carry(self, phones: list[SpeakingPhone]) -> Answer:
        """From the first word to the last; the withdrawal happens on the way, at a place in C's
        sentence: the second sink tells when C's first packet arrived."""
        names = [phone.process_name for phone in phones]
        started = time.monotonic()
        place = self._tracks.withdrawal
        wait_until(lambda: self._first_arrival_s(C) is not None, "C's first packet at the sink")
        due = self._first_arrival_s(C) + place.start + place.line.withdrawn_after_s
        withdrawal = None
        while (elapsed := time.monotonic() - started) < self._tracks.duration:
            if withdrawal is None and time.monotonic() >= due:
                withdrawal = self._gateway.delete(_consent(C.name))
                self._progress.note(f"C withdraws in mid-sentence: {json.dumps(withdrawal.body)}")
            self._progress.now(self._what_happens(elapsed))
            if elapsed < self._tracks.duration - 1:
                self._children.require_alive("janus", "assent", "second_sink", WITNESS, *names)
            time.sleep(TICK_S)
        for name in names:
            self._children.wait(name, timeout_s=5)
        self._progress.now("the last packets arrive")
        time.sleep(LAST_PACKETS_S)
        return withdrawal

    def _first_arrival_s(self, speaker: script.Speaker) -> float | None:
        for datagram in rtp.read_capture(self._folder.capture):
            if datagram.is_rtp and datagram.ssrc == speaker.ssrc:
                at = datagram.arrived_ns / 1e9
                return at - PACKET_S * ((datagram.sequence - speaker.first_sequence) & 0xFFFF)
        return None

    def _what_happens(self, elapsed: float) -> str:
        speaking = [s.line.speaker.name for s in self._tracks.spoken
                    if s.start <= elapsed < s.end]
        return f"on the air, {len(speaking)} speaking: {' '.join(speaking) or 'silence'}"

    def _write_notes(self, withdrawal: Answer) -> None:
        cut = {entry["sink"]: entry["last_sequence"] for entry in withdrawal.body["cut"]
               if entry["ssrc"] == C.ssrc}
        self._folder.notes.write_text(json.dumps({
            "places": [[s.start, s.end, s.alone] for s in self._tracks.spoken],
            "acknowledged_ns": withdrawal.read_ns,
            "withdrawal": withdrawal.body,
            "cut": cut,
            "profiles": self._profiles,
            "server_takes_srtp": self._server.takes_srtp,
            "cdrs": self._gateway.cdrs(),
        }, indent=1))


def _participant(name: str) -> str:
    return f"/v1/rooms/{ROOM}/participants/{name}"


def _consent(name: str) -> str:
    return f"{_participant(name)}/consents/{PURPOSE}"


def _notice() -> dict[str, str]:
    """What the participants were shown, as config/policy.yaml has it."""
    found = re.search(rf"- id: {PURPOSE}\n +version: \"(\S+)\"\n +language: {LANGUAGE}\n"
                      r"(?: +.*\n)*? +hash: sha256:([0-9a-f]{64})", POLICY.read_text())
    if not found:
        raise Failed(f"{POLICY} has no notice for {PURPOSE} in {LANGUAGE}")
    return {"id": PURPOSE, "version": found[1], "language": LANGUAGE, "hash": found[2]}
