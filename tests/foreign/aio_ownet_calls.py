"""Calls aio-ownet and prints every result or error: aio_ownet_calls.py HOST PORT PATH..."""

import asyncio
import sys

from aio_ownet.proxy import OWServerStatelessProxy


async def show(name, call):
    try:
        print(name, await call)
    except Exception as error:
        print(name, type(error).__name__, error)


async def main(host, port, *paths):
    server = OWServerStatelessProxy(host, int(port))
    await show("validate", server.validate())
    await show("ping", server.ping())
    for path in ("/", *paths):
        await show(f"dir {path}", server.dir(path))
        await show(f"read {path}", server.read(path))
    await show("write", server.write("/10.000010EF0000/temphigh", b"21"))
    await show("read back", server.read("/10.000010EF0000/temphigh"))


asyncio.run(main(*sys.argv[1:]))
