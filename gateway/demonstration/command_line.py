"""The command line of the demonstration."""

from __future__ import annotations

import argparse
import pathlib
import signal
import sys

from . import conference, evidence, falsification, report
from .children import Failed
from .ear import Ear
from .evidence import Folder
from .progress import Progress

PROJECT = pathlib.Path(__file__).resolve().parents[2]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="gateway/demo",
        description="Carries one real conference through the gateway: three people speak into"
                    " Debian's janus. A consents to the recording, B refuses, C consents and"
                    " withdraws in mid-sentence. Then judges, from what two sinks and a silent"
                    " listener got, whether everyone was heard and only the consenting recorded.",
        epilog="Exit status: 0 as promised, 1 otherwise, 2 when it could not be carried out.")
    parser.add_argument("--self-check", action="store_true",
                        help="no conference: falsify the last one's evidence in many ways and show"
                             " that each check notices")
    parser.add_argument("--program", type=pathlib.Path, default=PROJECT / "build" / "assent",
                        help="the gateway to run (default: build/assent)")
    parser.add_argument("--folder", type=pathlib.Path, default=PROJECT / "build" / "demo",
                        help="where evidence, logs and report go; emptied (default: build/demo)")
    return parser.parse_args()


def _demonstrate(folder: Folder, program: pathlib.Path, progress: Progress) -> int:
    if not program.exists():
        raise Failed(f"{program} is not built; gateway/run demo builds it")
    conference.hold(folder, program, progress)
    progress.now("judging what the sinks and the witness got")
    gathered = evidence.gather(folder)
    ear = Ear(folder.judged)
    return 0 if report.publish(gathered, ear, folder, progress) else 1


def _self_check(folder: Folder) -> int:
    if not folder.notes.exists():
        raise Failed(f"no evidence in {folder.root}; run gateway/run demo first")
    gathered = evidence.gather(folder)
    ear = Ear(folder.judged)
    honest = [v for v in report.judge(gathered, ear) if not v.found.passed]
    for verdict in honest:
        print(f"FAILED   without any falsification: {verdict.promise}: {verdict.found.text}")
    missed = falsification.unproven()
    for name in missed:
        print(f"MISSED   nothing is aimed at the check {name}")
    for attempt in falsification.FALSIFICATIONS:
        found = falsification.tripped(attempt, gathered, ear, folder.judged)
        if found.passed:
            missed.append(attempt.what)
        print(f"{'MISSED ' if found.passed else 'noticed'}  {attempt.check}: {attempt.what}:"
              f" {found.text}")
    return 1 if honest or missed else 0


STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def _stop(number: int, _: object) -> None:
    for other in STOPPING:  # once is enough; a second must not cut the cleaning up short
        signal.signal(other, signal.SIG_IGN)
    raise Failed(f"stopped by {signal.Signals(number).name}")


def main() -> int:
    arguments = _arguments()
    folder = Folder(arguments.folder.resolve())
    for number in STOPPING:
        signal.signal(number, _stop)
    progress = Progress()
    try:
        if arguments.self_check:
            return _self_check(folder)
        return _demonstrate(folder, arguments.program.resolve(), progress)
    except Failed as failure:
        progress.end()
        print(f"gateway/demo: {failure}", file=sys.stderr)
        return 2
