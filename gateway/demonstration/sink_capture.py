#!/usr/bin/env python3
"""The second sink: takes what the gateway sends to it and writes it down, knowing nothing else.

    sink_capture.py FILE PORT...

Each datagram is stamped by the kernel as it enters the socket, so a late wake-up of this process
cannot make a packet look younger than it is; the stamp is turned into CLOCK_MONOTONIC, the clock
by which the conference notes the acknowledgement of the withdrawal.
"""

import selectors
import signal
import socket
import struct
import sys
import time

RECORD = struct.Struct("<qHH")  # as in rtp.py
SO_TIMESTAMPNS = 35  # Linux; not named by Python's socket module
TIMESPEC = struct.Struct("@qq")


def open_socket(port: int) -> socket.socket:
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
    sock.bind(("127.0.0.1", port))
    return sock


def arrival_ns(ancillary: list) -> int:
    now = time.monotonic_ns()
    for level, kind, data in ancillary:
        if level == socket.SOL_SOCKET and kind == SO_TIMESTAMPNS:
            seconds, nanoseconds = TIMESPEC.unpack(data[:TIMESPEC.size])
            return now - (time.time_ns() - (seconds * 1_000_000_000 + nanoseconds))
    return now


def main() -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    path, ports = sys.argv[1], [int(p) for p in sys.argv[2:]]
    with open(path, "wb", buffering=0) as file, selectors.DefaultSelector() as ready:
        for port in ports:
            ready.register(open_socket(port), selectors.EVENT_READ, port)
        print("capturing", flush=True)
        while True:
            for key, _ in ready.select():
                data, ancillary, _, _ = key.fileobj.recvmsg(65_535, 256)
                file.write(RECORD.pack(arrival_ns(ancillary), key.data, len(data)) + data)


if __name__ == "__main__":
    main()
