"""Lets pyownet decode replies from memory: cases come as JSON on standard input, what it makes of them goes out.

A case is a list: what is asked ("ping", "read" or "dir"), the bytes of the server in hexadecimal, and how many of them
come at once at most.
"""

import json
import sys

from pyownet import protocol


class Stream:
    """Instead of a socket: takes what is sent, and gives the bytes of a case, then the end of the stream."""

    def __init__(self, data, most):
        self.data = data
        self.most = most
        self.at = 0

    def send(self, data):
        return len(data)

    def recv(self, size):
        piece = self.data[self.at:self.at + min(size, self.most)]
        self.at += len(piece)
        return piece

    def shutdown(self, how):
        pass

    def close(self):
        pass


class Connection(protocol._OwnetConnection):
    """A connection over such a stream."""

    def __init__(self, stream):
        self.verbose = False
        self.socket = stream


class Proxy(protocol._Proxy):
    """A proxy whose connections are over such a stream."""

    def __init__(self, stream):
        super().__init__(None, None)
        self.stream = stream

    def _new_connection(self):
        return Connection(self.stream)


def decode(what, data, most):
    stream = Stream(bytes.fromhex(data), most)
    try:
        if what == "dir":
            value = {"entries": Proxy(stream).dir("/")}
        else:
            message_type = protocol.MSG_NOP if what == "ping" else protocol.MSG_READ
            ret, flags, data = Connection(stream).req(message_type, b"/\0", 0)
            value = {"reply": [ret, flags, data.hex()]}
    except protocol.OwnetError as error:
        value = {"errno": error.errno}
    except protocol.MalformedHeader as error:
        value = {"error": "version" if error.header.version != 0 else "large"}
    except protocol.ShortRead:
        return {"error": "short"}
    except UnicodeDecodeError:
        return {"error": "not text"}
    except AssertionError:
        return {"error": "assertion"}
    return {**value, "used": stream.at}


json.dump([decode(*case) for case in json.load(sys.stdin)], sys.stdout)
