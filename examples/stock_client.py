"""Drive `spineforge world` with the stock UnrealCV client: status, a picture, depth, and a person's bones."""

import io
import json
import sys

import numpy as np
from unrealcv import Client

host, port = (sys.argv[1] if len(sys.argv) > 1 else "127.0.0.1:9000").split(":")
client = Client((host, int(port)))
if not client.connect():
    sys.exit(f"no world at {host}:{port}; start one with: spineforge world --port {port}")
print(client.request("vget /unrealcv/status"))
with open("stock_client.png", "wb") as file:
    file.write(client.request("vget /camera/0/lit png"))
depth = np.load(io.BytesIO(client.request("vget /camera/0/depth npy")))
print(f"depth {depth.shape}, nearest {depth.min():.0f} cm; picture in stock_client.png")
for bone in json.loads(client.request("vget /object/person/bones sacrum,T8,C1,hand_l world")):
    print(bone["bone_name"], {axis: round(bone["transform"][axis], 1) for axis in "XYZ"})
client.disconnect()
