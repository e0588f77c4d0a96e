"""Adds a camera to a Home Assistant by its own form, and prints a hash of each picture that it
passes on to browsers."""

import asyncio
import hashlib
import os
import sys

import aiohttp
from homeassistant import bootstrap, config, config_entries, loader, setup
from homeassistant.core import HomeAssistant

integration, still, stream, user, password, port, count = sys.argv[1:]

FORMS = {
    "mjpeg": {"name": "box", "mjpeg_url": stream, "still_image_url": still},
    "generic": {
        "still_image_url": still,
        "stream_source": stream,
        "framerate": 30,
        "authentication": "basic",
    },
}


async def start():
    hass = HomeAssistant(os.getcwd())
    hass.config.skip_pip = True
    loader.async_setup(hass)
    hass.config_entries = config_entries.ConfigEntries(hass, {})
    await hass.config_entries.async_initialize()
    await bootstrap.async_load_base_functionality(hass)
    await config.async_process_ha_core_config(hass, {})
    http = {"server_host": "127.0.0.1", "server_port": int(port)}
    for component in ("camera", "stream"):
        assert await setup.async_setup_component(hass, component, {"http": http})
    await hass.async_start()
    return hass


async def add(hass):
    flows = hass.config_entries.flow
    form = FORMS[integration] | {"verify_ssl": True}
    if password:
        form |= {"username": user, "password": password}
    flow = await flows.async_init(integration, context={"source": "user"})
    result = await flows.async_configure(flow["flow_id"], form)
    if result.get("step_id") == "user_confirm_still":
        result = await flows.async_configure(flow["flow_id"], {"confirmed_ok": True})
    await hass.async_block_till_done()
    return result["type"] == "create_entry"


async def main():
    hass = await start()
    if not await add(hass):
        return
    [camera] = hass.states.async_all("camera")
    token = camera.attributes["access_token"]
    path = f"api/camera_proxy_stream/{camera.entity_id}?token={token}"
    async with aiohttp.ClientSession() as session:
        async with session.get(f"http://127.0.0.1:{port}/{path}") as answer:
            await show(answer.content)


async def show(content):
    seen, rest = 0, b""
    async for chunk in content.iter_any():
        rest += chunk
        while (start := rest.find(b"\xff\xd8")) >= 0 and (end := rest.find(b"\xff\xd9", start)) >= 0:
            print(hashlib.sha256(rest[start:end]).hexdigest(), flush=True)
            rest = rest[end + 2 :]
            seen += 1
        if seen >= int(count):
            return


asyncio.run(main())
# Some of its threads don't end.
os._exit(0)
