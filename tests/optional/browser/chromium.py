"""A headless Chromium driven over its DevTools protocol by aiohttp, which the lock has; no driver is downloaded."""

import asyncio
import itertools
import json
import os
import shutil
import subprocess
import tempfile
from base64 import b64decode
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--remote-debugging-port=0",
         "--no-first-run", "--disable-background-networking", "--disable-component-update", "--hide-scrollbars",
         "--force-color-profile=srgb", "--remote-allow-origins=*")  # fmt: skip
LONGEST = 60  # seconds to wait for anything


def program() -> str | None:
    return next(filter(None, map(shutil.which, NAMES)), None)


class Page:
    """One tab: what it logged, what it asked the network for, and what it is told. Downloads come into its folder."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse, folder: Path):
        self._socket, self._folder, self._numbers = socket, folder, itertools.count(1)
        self._waiting: dict[int, asyncio.Future[Any]] = {}
        self.logged: list[str] = []
        self.requests: list[str] = []
        self.loaded = asyncio.Event()
        self._reader = asyncio.create_task(self._read())

    async def _read(self) -> None:
        async for message in self._socket:
            event = json.loads(message.data)
            if "id" in event:
                self._waiting.pop(event["id"]).set_result(event)
                continue
            params = event["params"]
            match event["method"]:
                case "Network.requestWillBeSent":
                    self.requests.append(params["request"]["url"])
                case "Log.entryAdded":
                    self.logged.append(f"{params['entry']['level']}: {params['entry']['text']}")
                case "Runtime.consoleAPICalled" if params["type"] in ("error", "warning", "assert"):
                    self.logged.append(f"{params['type']}: {params['args']}")
                case "Runtime.exceptionThrown":
                    self.logged.append(json.dumps(params["exceptionDetails"]))
                case "Page.loadEventFired":
                    self.loaded.set()

    async def send(self, method: str, **params: Any) -> dict[str, Any]:
        number = next(self._numbers)
        self._waiting[number] = asyncio.get_running_loop().create_future()
        await self._socket.send_json({"id": number, "method": method, "params": params})
        answer = await asyncio.wait_for(self._waiting[number], 120)
        assert "error" not in answer, answer
        result: dict[str, Any] = answer["result"]
        return result

    async def run(self, script: str) -> Any:
        """What an expression is, a promise awaited."""
        answer = await self.send("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    async def wait(self, script: str) -> Any:
        """What an expression is once that is true, or not empty."""
        async with asyncio.timeout(LONGEST):
            while not (value := await self.run(script)):
                await asyncio.sleep(0.1)
        return value

    async def open(
        self, path: Path, width: int, height: int = 900, dark: bool = False, motion: str = "no-preference"
    ) -> None:
        """As wide as a phone means a phone, that is touched."""
        phone = width < 600
        for domain in ("Page", "Network", "Log", "Runtime"):
            await self.send(f"{domain}.enable")
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": phone}
        await self.send("Emulation.setDeviceMetricsOverride", **size)
        await self.send("Emulation.setTouchEmulationEnabled", enabled=phone)
        preferences = {"prefers-color-scheme": "dark" if dark else "light", "prefers-reduced-motion": motion}
        features = [{"name": name, "value": value} for name, value in preferences.items()]
        await self.send("Emulation.setEmulatedMedia", features=features)
        self.loaded.clear()
        await self.send("Page.navigate", url=path.resolve().as_uri())
        await asyncio.wait_for(self.loaded.wait(), 120)

    async def press(self, key: str, code: int, text: str = "", shift: bool = False) -> None:
        about = {"key": key, "code": key, "windowsVirtualKeyCode": code, "modifiers": 8 * shift}
        await self.send("Input.dispatchKeyEvent", type="keyDown" if text else "rawKeyDown", text=text, **about)
        await self.send("Input.dispatchKeyEvent", type="keyUp", **about)

    async def picture(self, path: Path) -> None:
        """What is seen now, as a PNG."""
        path.write_bytes(b64decode((await self.send("Page.captureScreenshot", format="png"))["data"]))

    async def screenshot(self, name: str) -> None:
        """Keep a picture of the tab in the folder SCREENSHOTS, if that is set."""
        if folder := os.environ.get("SCREENSHOTS"):
            Path(folder).mkdir(parents=True, exist_ok=True)
            await self.picture(Path(folder) / f"{name}.png")

    async def download(self, link: str) -> bytes:
        """Click on a link, an expression, and return the file that comes."""
        await self.send("Page.setDownloadBehavior", behavior="allow", downloadPath=str(self._folder))
        path = self._folder / await self.run(f"{link}.download")
        await self.run(f"{link}.click()")
        return await content(path)


async def content(path: Path) -> bytes:
    """Return what is in a file once there is something: it is empty before it is whole."""
    async with asyncio.timeout(LONGEST):
        while not (path.exists() and path.stat().st_size):
            await asyncio.sleep(0.1)
    return path.read_bytes()


@asynccontextmanager
async def tab(folder: Path) -> AsyncIterator[Page]:
    """A tab of a browser of its own, whose profile is in a folder; both end with it."""
    name = program()
    assert name, f"none of {', '.join(NAMES)} is here"
    process = subprocess.Popen([name, *FLAGS, f"--user-data-dir={folder}", "about:blank"], stderr=subprocess.DEVNULL)
    try:
        port = (await content(folder / "DevToolsActivePort")).split()[0].decode()
        address = f"http://127.0.0.1:{port}/json/list"
        async with aiohttp.ClientSession() as session:
            (about,) = [target for target in await (await session.get(address)).json() if target["type"] == "page"]
            async with session.ws_connect(about["webSocketDebuggerUrl"], max_msg_size=0) as socket:
                yield Page(socket, folder)
    finally:
        process.terminate()
        process.wait(30)


def in_a_tab(check: Callable[[Page], Awaitable[None]]) -> None:
    """Await the check of a tab of a browser of its own, in which no page may log anything."""

    async def opened() -> None:
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:  # the browser may still write
            async with tab(Path(profile)) as page:
                await check(page)
                assert page.logged == []

    asyncio.run(opened())


def seen(*widths: int, **preferences: Any) -> Callable[[Callable[[Page, int], Awaitable[None]]], Any]:
    """Make a test of check(tab, width): each of the fixture `paths` is looked at in these widths, and loads nothing."""

    def test_of(check: Callable[[Page, int], Awaitable[None]]) -> Any:
        @pytest.mark.parametrize("width", widths or (1280,))
        def test(paths: list[Path], width: int) -> None:
            for path in paths:
                in_a_tab(lambda page, path=path: opened(page, path, width))

        async def opened(page: Page, path: Path, width: int) -> None:
            await page.open(path, width, **preferences)
            await check(page, width)
            assert [url for url in page.requests if not url.startswith(("data:", "blob:"))] == [path.resolve().as_uri()]

        return test

    return test_of
