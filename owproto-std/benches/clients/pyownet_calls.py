# Calls of pyownet, as many as each line on the standard input says: MODE PATH COUNT.
import sys
from pyownet import protocol

server = protocol.proxy(sys.argv[1], int(sys.argv[2]), persistent=True)
once = protocol.proxy(sys.argv[1], int(sys.argv[2]), persistent=False)
calls = {
    "hello": None,
    "nop": lambda path: server.ping(),
    "read": server.read,
    "alone": once.read,
    "dirall": lambda path: server.dir(path, slash=False),
}
for line in sys.stdin:
    mode, path, count = line.split()
    call = calls[mode]
    try:
        for _ in range(int(count)):
            call(path)
        print("done", flush=True)
    except protocol.Error:
        print("failed", flush=True)
