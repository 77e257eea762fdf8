"""Usage: PORT FLAGS. Makes the calls that come as JSON on standard input, and prints what pyownet gives."""

import json
import sys

from pyownet import protocol


def perform(proxy, name, *args):
    try:
        if name == "read":
            path, size, offset = args
            return {"value": proxy.read(path, size=size, offset=offset).hex()}
        if name == "write":
            path, data, offset = args
            proxy.write(path, bytes.fromhex(data), offset=offset)
            return {"done": True}
        if name == "dir":
            path, slash, bus = args
            return {"entries": proxy.dir(path, slash=slash, bus=bus)}
        if name == "present":
            return {"present": proxy.present(args[0])}
        if name == "get":
            ret, data = proxy.sendmess(protocol.MSG_GET, protocol.str2bytez(args[0]), size=65536)
            return {"ret": ret, "value": data.hex()}
        if name == "errmess":
            return {"texts": list(proxy.errmess)}
        proxy.ping()
        return {"done": True}
    except protocol.OwnetError as error:
        return {"errno": error.errno}


owproxy = protocol.proxy("127.0.0.1", int(sys.argv[1]), flags=int(sys.argv[2]), persistent=True)
json.dump([perform(owproxy, *call) for call in json.load(sys.stdin)], sys.stdout)
