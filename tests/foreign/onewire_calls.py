"""Calls the module of Debian's python3-onewire, and prints the devices and their values: onewire_calls.py HOST PORT"""

import sys

from onewire import Onewire

with Onewire("-s " + ":".join(sys.argv[1:])) as server:
    for sensor in server.find():
        print(sensor.path, sensor.sensor_type, sensor.attrs)
        for name in ("temperature", "VAD", "PIO", "PIO.ALL"):
            if name in sensor.attrs:
                print(name, sensor.read(name))
    print("write", server.set("/10.000010EF0000/temphigh", "23"))
    print("read back", server.get("10.000010EF0000", "temphigh"))
