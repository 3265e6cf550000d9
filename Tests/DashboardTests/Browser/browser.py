"""Pages of a real browser, and what every one of them must keep."""

import os
import pathlib

from playwright.sync_api import expect

CHROMIUM = os.environ.get("P2PNODE_CHROMIUM", "/usr/bin/chromium")
MODULES = pathlib.Path(__file__).resolve().parent.parent / "Modules"
VIEWS = ["market", "orders", "capacity", "receipts", "network", "node"]
PATIENCE_MS = 30_000

expect.set_options(timeout=PATIENCE_MS)


def launch(playwright, *options):
    arguments = ["--no-sandbox", "--disable-dev-shm-usage", *options]
    return playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)


class Visitor:
    """A person with a browser of their own: cookies, zone, theme."""

    def __init__(self, browser, width=1440, height=900, theme="light"):
        self.faults = []
        # What a test does on purpose makes the browser complain of its requests.
        self.expected = []
        self.context = browser.new_context(
            viewport={"width": width, "height": height}, color_scheme=theme, timezone_id="Europe/Berlin",
            locale="en-GB", accept_downloads=True)
        self.context.set_default_timeout(PATIENCE_MS)
        self.context.on("request", self.check)

    def check(self, request):
        if not request.url.startswith(("http://127.0.0.1:", "http://localhost:", "blob:")):
            self.faults.append(f"a request to {request.url}")

    def page(self, url):
        page = self.context.new_page()
        page.on("pageerror", lambda error: self.faults.append(f"an error in the page: {error}"))
        page.on("console", self.listen)
        page.goto(url)
        return page

    def listen(self, message):
        if message.type not in ("error", "warning"):
            return
        if not any(part in message.text for part in self.expected):
            self.faults.append(f"the console: {message.text}")

    def close(self):
        self.context.close()
        if self.faults:
            raise AssertionError("; ".join(self.faults[:5]))


def show(page, view):
    """Goes to a view as a person does, without loading the page anew."""
    page.locator(f'nav a[data-view="{view}"]').click()
    expect(page.locator(f'body[data-view="{view}"]')).to_be_attached()


def mark(page):
    """Leaves a mark that a reload would wipe."""
    page.evaluate("window.wasHere = true")


def check_mark(page):
    assert page.evaluate("window.wasHere === true"), "the page was loaded anew"


def panel(page, title):
    return page.locator("section.panel", has=page.get_by_role("heading", name=title))


def run_modules(page):
    """The tests of the page's modules: a list of name and error."""
    page.route("**/tests/*", lambda route: route.fulfill(
        path=str(MODULES / route.request.url.rsplit("/", 1)[1]), content_type="text/javascript"))
    names = sorted(path.name for path in MODULES.glob("*.test.js"))
    return page.evaluate(
        """async (names) => {
          for (const name of names) await import(`/tests/${name}`);
          return (await import("/tests/harness.js")).run();
        }""", names)
