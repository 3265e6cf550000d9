"""What must hold in a browser, with real nodes behind the pages. Each takes the stage and raises what does not hold."""

import json
import re
from pathlib import Path

from playwright.sync_api import expect

from browser import VIEWS, Visitor, check_mark, launch, mark, panel, run_modules, show
from nodes import CLASS, Relay, eventually


# Asks stand above bids, so the best one is the last of its ladder.
BEST_ASK = ".levels.ask .level:not([hidden]) .price"


class Stage:
    """The nodes and the browser that the scenarios share, in their order."""

    def __init__(self, playwright, provider, renter):
        self.playwright, self.browser, self.provider, self.renter = playwright, launch(playwright), provider, renter


def modules(stage):
    visitor = Visitor(stage.browser)
    results = run_modules(visitor.page(stage.provider.link))
    failed = [f"{result['name']}: {result['error']}" for result in results if result["error"]]
    assert not failed, "\n".join(failed)
    assert len(results) > 45, f"only {len(results)} tests"
    visitor.close()


def fill_ticket(page, side, gpus, price, length):
    ticket = page.locator("section.ticket")
    ticket.get_by_role("button", name=side, exact=True).click()
    ticket.locator("[name=gpus]").fill(str(gpus))
    ticket.locator("[name=price]").fill(price)
    ticket.locator("[name=length]").fill(str(length))
    return ticket


def place(page, side, gpus, price, length):
    """Places an order as a person does; the dialog's text before it was placed."""
    ticket = fill_ticket(page, side, gpus, price, length)
    ticket.get_by_role("button", name="Review").click()
    dialog = page.get_by_role("dialog")
    if side == "Buy":
        expect(dialog.locator(".outlook")).not_to_contain_text("Asking what it costs")
    text = dialog.inner_text()
    dialog.locator("button.primary").click()
    expect(dialog).to_contain_text("is placed")
    dialog.get_by_role("button", name="Close").click()
    return text


def trade(stage):
    sellers, buyers = Visitor(stage.browser), Visitor(stage.browser)
    selling, buying = sellers.page(stage.provider.link), buyers.page(stage.renter.link)
    assert "token" not in selling.url, "the token stays in the address"
    for page in (selling, buying):
        mark(page)
        expect(page.locator(".phase")).to_have_text("Live")
        expect(page.locator(".bar .network")).to_have_text("<b>market</b>")
    # A newcomer is shown where to begin.
    selling.locator(".guide").get_by_role("button", name="Sell GPU time").click()
    text = place(selling, "Sell", 8, "2.10", 12)
    assert "201.60 USD" in text, text
    expect(selling.locator(".guide")).to_be_hidden()

    expect(buying.locator(BEST_ASK).last).to_have_text("2.100000")
    ticket = fill_ticket(buying, "Buy", 4, "2.40", 3)
    expect(ticket.locator(".outlook")).to_have_text("All 4 GPUs can be bought now, for 25.20 USD.")
    text = place(buying, "Buy", 4, "2.40", 3)
    assert "28.80 USD" in text and "25.20 USD" in text, text

    # Neither page is loaded anew; the trade is on both.
    for page in (buying, selling):
        row = page.locator(".tape tbody tr:not([hidden])").first
        expect(row).to_contain_text("2.100000")
        expect(row).to_have_attribute("data-own", "")
        show(page, "orders")
        expect(panel(page, "My trades").locator("tbody tr")).to_have_count(1)
        expect(panel(page, "My trades").locator("tbody tr")).to_contain_text("settled: both signed")
        check_mark(page)
    expect(panel(buying, "My trades")).to_contain_text("bought for 25.20 USD")
    expect(panel(selling, "My trades")).to_contain_text("sold for 25.20 USD")

    show(selling, "capacity")
    row = selling.locator(".gantt-row")
    expect(row).to_have_count(1)
    label = row.get_attribute("aria-label")
    assert "12 GPU-hours sold" in label or "11.9 GPU-hours sold" in label, label
    row.click()
    expect(selling.locator(".gantt-detail")).to_contain_text("4 GPUs")

    receipts(buying, stage.renter)
    check_mark(buying)
    for visitor in (sellers, buyers):
        visitor.close()


def receipts(page, node):
    """The trade's receipt is found, verified and downloaded."""
    show(page, "receipts")
    rows = panel(page, "Receipts").locator("tbody tr")
    expect(rows).to_have_count(1)
    search = page.get_by_role("searchbox", name="Search receipts")
    search.fill("a100")
    expect(rows).to_have_count(0)
    search.fill(f"{CLASS} {node.get('status')['node'][:12]}")
    expect(rows).to_have_count(1)
    page.get_by_role("button", name="Verify found").click()
    expect(page.locator(".verify-note")).to_have_text("1 receipt valid.")
    expect(rows.locator(".verdict")).to_have_text("valid")
    with page.expect_download() as download:
        rows.get_by_role("button", name="Download").click()
    with open(download.value.path()) as file:
        assert json.load(file) == node.get("receipts")[0], "the file is another receipt"


def forward(stage):
    visitor = Visitor(stage.browser)
    page = visitor.page(stage.renter.link)
    chart = page.locator(".chart.forward")
    expect(chart).to_have_attribute("aria-label", "Price by delivery time: asks from 2.100000 to 2.100000 USD")
    box = chart.bounding_box()
    # Behind the trade's three hours, whatever o'clock it is, and within the offer's twelve.
    page.mouse.move(box["x"] + 160, box["y"] + 90)
    page.mouse.down()
    page.mouse.move(box["x"] + 190, box["y"] + 90, steps=4)
    page.mouse.move(box["x"] + 230, box["y"] + 90, steps=4)
    page.mouse.up()
    answer = page.locator(".window-answer")
    expect(answer).to_contain_text("2.100 per GPU-hour")
    page.locator("[name=window-gpus]").fill("9")
    expect(answer).to_contain_text("only 8 can be had")
    page.locator("[name=window-gpus]").fill("4")
    page.get_by_role("button", name="Bid for this window").click()
    expect(page.locator("section.ticket [name=gpus]")).to_have_value("4")
    expect(page.locator("section.ticket [name=price]")).to_have_value("2.10")
    expect(page.locator("section.ticket .outlook")).to_contain_text("All 4 GPUs can be bought now")
    visitor.close()


def change(stage):
    """Why, amend and cancel."""
    visitor = Visitor(stage.browser)
    page = visitor.page(stage.renter.link)
    place(page, "Buy", 2, "1.50", 1)
    show(page, "orders")
    orders = panel(page, "My orders")
    row = orders.locator("tbody tr", has_text="1.500000")
    row.get_by_role("button", name="Why").click()
    expect(orders.locator(".why")).to_contain_text("None of 1 offer can be taken.")
    expect(orders.locator(".why")).to_contain_text("ask or bid another price")
    row.get_by_role("button", name="Amend").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.locator("button.primary")).to_be_disabled()
    dialog.get_by_label("Limit").fill("1.60")
    expect(dialog).to_contain_text("3.00 USD → 3.20 USD")
    expect(dialog).to_contain_text("latest order at its price")
    dialog.locator("button.primary").click()
    expect(dialog).to_contain_text("Amended.")
    dialog.get_by_role("button", name="Close").click()
    row = orders.locator("tbody tr", has_text="1.600000")
    row.get_by_role("button", name="Cancel").click()
    expect(dialog).to_contain_text("at most 3.20 USD")
    dialog.get_by_role("button", name="Back").click()
    expect(row).to_be_visible()
    row.get_by_role("button", name="Cancel").click()
    dialog.get_by_role("button", name="Cancel bid").click()
    expect(row).to_have_count(0)
    orders.get_by_role("button", name="All", exact=True).click()
    expect(orders.locator("tbody tr", has_text="cancelled")).to_have_count(1)
    visitor.close()


def once(stage):
    """A lost answer does not make a second order."""
    visitor = Visitor(stage.browser)
    visitor.expected.append("net::ERR_FAILED")
    page = visitor.page(stage.renter.link)
    before = len(stage.renter.get("orders"))
    keys = []

    def lose(route):
        if route.request.method != "POST":
            route.continue_()
            return
        keys.append(route.request.headers["idempotency-key"])
        if len(keys) > 1:
            route.continue_()
            return
        # The node gets it, the page never hears of it.
        route.fetch()
        route.abort()

    page.route("**/v1/orders", lose)
    place(page, "Buy", 1, "0.50", 1)
    place(page, "Buy", 1, "0.50", 1)
    assert len(keys) == 3 and keys[0] == keys[1] != keys[2], keys
    assert len(stage.renter.get("orders")) == before + 2, "a lost answer made a second order"
    visitor.close()


def keyboard(stage):
    """An offer without a mouse."""
    visitor = Visitor(stage.browser)
    page = visitor.page(stage.renter.link)
    expect(page.locator(".phase")).to_have_text("Live")
    expect(page.locator(".class-title h1")).to_have_text(CLASS)
    page.keyboard.press("2")
    expect(page.locator('body[data-view="orders"]')).to_be_attached()
    page.keyboard.press("s")
    expect(page.locator("section.ticket [name=gpus]")).to_be_focused()
    page.keyboard.type("1")
    page.keyboard.press("Tab")
    page.keyboard.type("3.30")
    page.keyboard.press("Tab")
    page.keyboard.type("2")
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("6.60 USD")
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    page.keyboard.press("Enter")
    expect(dialog.locator("button.primary")).to_be_focused()
    page.keyboard.press("Enter")
    expect(dialog).to_contain_text("is placed")
    expect(dialog.get_by_role("button", name="Close")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator(".levels.ask .price", has_text="3.300000")).to_be_visible()
    chart = page.locator(".chart.forward")
    # Before it has anything to read, the arrows find nothing.
    expect(chart).to_have_attribute("aria-label", re.compile("asks from"))
    chart.focus()
    for _ in range(4):
        page.keyboard.press("ArrowRight")
    expect(chart.locator(".reading")).to_contain_text("ask")
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("Tab")
    expect(page.locator("[name=window-gpus]")).to_be_focused()
    page.keyboard.press("Control+A")
    page.keyboard.type("2")
    expect(page.locator(".window-answer")).to_contain_text("2 GPUs")
    expect(page.locator(".window-answer")).to_contain_text("per GPU-hour")
    visitor.close()


def peers(stage):
    """Peers side by side; one with another book stands out."""
    visitor = Visitor(stage.browser)
    page = visitor.page(stage.provider.link)
    show(page, "network")
    table = panel(page, "Peers").locator("tbody tr")
    expect(table).to_have_count(2)
    expect(page.locator("p.agreement")).to_have_text("All 1 peer and this node have the same book.")
    digests = table.locator("td.digest").all_inner_texts()
    assert len(set(digests)) == 1, digests
    expect(panel(page, "Proofs of fraud")).to_contain_text("Nobody is proven a fraud.")

    def differ(route):
        answer = route.fetch()
        document = answer.json()
        document[0].update(agrees=False, book_digest="f" * 64)
        route.fulfill(response=answer, json=document)

    fraud = stage.renter.get("status")["node"]
    page.route("**/v1/peers", differ)
    page.route("**/v1/proofs", lambda route: route.fulfill(json=[{
        "format": "p2pnode-fraud-v1", "network": "", "genesis": "", "proof": "",
        "decoded": {"author": fraud, "kind": "fork", "sequence": 7, "time_ms": 1_767_355_445_000, "entries": 2}}]))
    show(page, "node")
    show(page, "network")
    expect(panel(page, "Peers").locator('tr[data-kind="differs"]')).to_have_count(1)
    expect(page.locator("p.agreement")).to_contain_text("1 peer made another book out of the same entries.")
    proof = panel(page, "Proofs of fraud").locator("tbody tr")
    expect(proof).to_contain_text("fork: two entries at one place")
    expect(proof.locator("td.id")).to_have_text(fraud[:8])
    expect(proof).to_contain_text("2 Jan")
    page.unroute_all(behavior="wait")
    show(page, "node")
    expect(panel(page, "Feed and book")).to_contain_text(f"entry")
    visitor.close()


def load(stage):
    """10,000 orders and 1,000 changes: drawn once a frame, with a bounded number of elements."""
    visitor = Visitor(stage.browser)
    page = visitor.page(stage.renter.link)
    expect(page.locator(BEST_ASK).last).to_have_text("2.100000")
    result = page.evaluate((Path(__file__).parent / "load.js").read_text())
    assert result["orders"] == 10_000, result
    assert result["changes"] >= 3000, result
    # Everything that came between two frames is one drawing of each panel; never more drawings than that.
    assert result["frames"] <= result["animationFrames"] + 1, result
    assert result["drawsPerFrame"] <= result["panels"], result
    assert result["writesPerFrame"] < 400, result
    # Ten thousand orders and as many points make no more elements than one does.
    assert result["elementsAfter"] - result["elementsBefore"] < 120, result
    assert result["shown"] == result["wanted"], result
    visitor.close()


def phone(stage):
    """Nothing is wider than a phone, in any view."""
    visitor = Visitor(stage.browser, width=390, height=844, theme="dark")
    page = visitor.page(stage.provider.link)
    expect(page.locator(".phase")).to_have_text("Live")
    for view in VIEWS:
        show(page, view)
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= 390, f"{view} is {width} pixels wide"
    dark = page.evaluate("getComputedStyle(document.body).color")
    page.get_by_role("button", name="Theme: auto").click()
    light = page.evaluate("getComputedStyle(document.body).color")
    assert dark != light, "the theme does not change"
    visitor.close()


def reconnect(stage):
    """A lost connection is told, and taken up where it broke."""
    relay = Relay(stage.renter.port)
    # The page has the node's own address, as it must; only its connections lead through the relay.
    rule = f"MAP localhost:{stage.renter.port} 127.0.0.1:{relay.port}"
    browser = launch(stage.playwright, f"--host-resolver-rules={rule}")
    visitor = Visitor(browser)
    visitor.expected += ["ERR_CONNECTION", "ERR_EMPTY_RESPONSE", "ERR_INCOMPLETE_CHUNKED"]
    page = visitor.page(stage.renter.link.replace("127.0.0.1", "localhost"))
    mark(page)
    expect(page.locator(".phase")).to_have_text("Live")
    expect(page.locator(BEST_ASK).last).to_have_text("2.100000")
    relay.cut()
    expect(page.locator(".notice")).to_contain_text("No connection to the node.")
    stage.provider.post("orders", {
        "side": "offer", "gpu_classes": [CLASS], "gpus": 1, "price_micros": 2_050_000, "duration_ms": 7_200_000})
    eventually("the renter's node knows the offer", lambda: any(
        order["price_micros"] == 2_050_000 for order in stage.renter.get("orders?scope=all")))
    with page.expect_request(lambda request: "/v1/events" in request.url and "last-event-id" in request.headers):
        relay.mend()
    expect(page.locator(".phase")).to_have_text("Live")
    expect(page.locator(".notice")).to_be_hidden()
    expect(page.locator(BEST_ASK).last).to_have_text("2.050000")
    check_mark(page)
    visitor.close()
    browser.close()
    relay.cut()


def restart(stage):
    """After a restart of the node the page says that the session ended, and goes on with the new link."""
    visitor = Visitor(stage.browser)
    visitor.expected += ["401", "ERR_CONNECTION", "ERR_INCOMPLETE_CHUNKED", "ERR_EMPTY_RESPONSE"]
    page = visitor.page(stage.renter.link)
    mark(page)
    expect(page.locator(".phase")).to_have_text("Live")
    stage.renter.kill()
    expect(page.locator(".notice")).to_contain_text("No connection to the node.")
    stage.renter.start([stage.provider.get("status")["listen"]])
    expect(page.locator(".notice")).to_contain_text("This session has ended.")
    expect(page.locator(".notice code")).to_have_text("p2pnode dashboard --open --data DIR")
    stage.provider.post("orders", {
        "side": "offer", "gpu_classes": [CLASS], "gpus": 2, "price_micros": 2_010_000, "duration_ms": 7_200_000})
    other = visitor.page(stage.renter.link)
    for one in (other, page):
        expect(one.locator(".phase")).to_have_text("Live")
        expect(one.locator(".notice")).to_be_hidden()
        expect(one.locator(BEST_ASK).last).to_have_text("2.010000")
    show(page, "orders")
    expect(panel(page, "My trades").locator("tbody tr")).to_have_count(1)
    check_mark(page)
    visitor.close()


ALL = [modules, trade, forward, change, once, keyboard, peers, load, phone, reconnect, restart]
