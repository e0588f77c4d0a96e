"""Takes snapshots by OctoPrint's own plugin for cameras, and prints a hash of each."""

import hashlib
import logging
import sys

from octoprint.plugins.classicwebcam import ClassicWebcamPlugin


class Settings(dict):
    def get(self, path):
        return super().get(path[0])

    get_int = get_boolean = get


link, auth, token, count = sys.argv[1:]
plugin = ClassicWebcamPlugin()
plugin._logger = logging.getLogger()
plugin._settings = Settings(
    snapshot=link,
    snapshotTimeout=5,
    snapshotSslValidation=True,
    snapshotAuth=auth,
    snapshotUsername="x",
    snapshotPassword=token,
    snapshotBearerToken=token,
)
for _ in range(int(count)):
    picture = b"".join(plugin.take_webcam_snapshot("classic"))
    assert picture.startswith(b"\xff\xd8") and picture.endswith(b"\xff\xd9")
    print(hashlib.sha256(picture).hexdigest())
