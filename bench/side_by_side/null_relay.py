"""The limits: what a relay that decides nothing costs."""

from . import process


class NullRelay:
    """mode: sendto, mmsg or gso. Does the bare cryptography of the calls' suites, if any."""

    def __init__(self, program, mode, core):
        self.conversation = process.Conversation([program, mode], core)

    def connect(self, calls):
        for call in calls:
            for side in (call.client, call.server):
                side.relay_key = side.peer_key
        answer = self.conversation.ask(
            calls=[
                {name: self.leg(side) for name, side in
                 (("client", call.client), ("server", call.server))}
                for call in calls
            ]
        )
        for call, ports in zip(calls, answer["calls"]):
            call.client.relay_port = ports["client"]
            call.server.relay_port = ports["server"]

    @staticmethod
    def leg(side):
        keys = {"suite": side.suite, "key": side.peer_key} if side.suite else None
        return {"peer": side.peer_port, "open": keys, "seal": keys}

    @property
    def pid(self):
        return self.conversation.process.pid

    def close(self):
        self.conversation.close()
