# Runs calls of pyownet. Reads lines MODE PATH COUNT, and prints a line after COUNT calls.
import sys
from pyownet import protocol

server = protocol.proxy(sys.argv[1], int(sys.argv[2]), persistent=True)
once = protocol.proxy(sys.argv[1], int(sys.argv[2]), persistent=False)
calls = {
    "hello": None,
    "nop": lambda path: server.ping(),
    "read": server.read,
    "one-shot": once.read,
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
