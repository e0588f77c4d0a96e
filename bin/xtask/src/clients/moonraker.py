"""Lets a Moonraker test its webcam, and prints a line whenever the snapshot is reachable."""

import json
import subprocess
import sys
import time
import urllib.request

snapshot, stream, port, count = sys.argv[1:]

with open("moonraker.conf", "w") as file:
    file.write(
        f"""[server]
host: 127.0.0.1
port: {port}
[authorization]
trusted_clients: 127.0.0.1
[webcam box]
stream_url: {stream}
snapshot_url: {snapshot}
"""
    )


def test():
    link = f"http://127.0.0.1:{port}/server/webcams/test?name=box"
    request = urllib.request.Request(link, method="POST")
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)["result"]["snapshot_reachable"]


command = [sys.executable, "-m", "moonraker", "-d", "data", "-c", "moonraker.conf"]
server = subprocess.Popen(command, stdout=subprocess.DEVNULL)
try:
    while True:
        try:
            is_reachable = test()
            break
        except OSError:
            time.sleep(0.1)
    for number in range(int(count)):
        if not (is_reachable and test()):
            break
        print(number, flush=True)
finally:
    server.terminate()
    server.wait()
