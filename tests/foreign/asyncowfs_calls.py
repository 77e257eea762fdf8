"""Lets asyncowfs find all devices and their properties, and reads some: asyncowfs_calls.py HOST PORT"""

import sys

import anyio
from asyncowfs import OWFS


async def show(name, call):
    try:
        print(name, await call)
    except Exception as error:
        # Only the return code: the numbers of requests depend on when the answers arrive.
        print(name, type(error).__name__, error.args[:1])


async def main(host, port):
    with anyio.fail_after(30):
        async with OWFS() as service:
            server = await service.add_server(host, int(port), polling=False)
            await service.scan_now(polling=False)
            print(await server.dir())
            for device in sorted(service.devices, key=lambda device: device.id):
                await service.ensure_struct(device)
                # asyncowfs makes these attributes from the server's /structure.
                print(device.id, sorted(name for name in vars(type(device)) if name[0] != "_"))
                for name in ("type", "temperature", "temphigh", "PIO", "VAD"):
                    await show(name, device.attr_get(name))
                await show("write", device.attr_set("temphigh", value="22"))
                await show("read back", device.attr_get("temphigh"))


anyio.run(main, *sys.argv[1:])
