"""The sandbox's page in a real Chromium: one person plays all parts, or each tab is somebody else."""

from __future__ import annotations

import re
from pathlib import Path

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped] # it has no types
from playwright.sync_api import FilePayload, Locator, Page, expect

from tests.browser.conftest import OpenTabs, Sandbox, running_sandbox

RIKA, AMIR, CARL, GUS = "U0RIKA0000", "U0AMIR0000", "U0CARL0000", "U0GUEST000"
OPS = "C0OPS00000"


def ask(page: Page, text: str) -> None:
    line = page.get_by_role("combobox", name="Message")
    line.fill(f"/coupon-delete {text}")
    line.press("Enter")


def card(page: Page, code: str) -> Locator:
    """Return the card of a code, whatever its state."""
    heading = page.get_by_role("heading", level=3, name=re.compile(rf"coupon {code}"))
    return page.locator("#messages > li").filter(has=heading)


def press(page: Page, code: str, button: str, answer: str | None = None) -> None:
    """Click a button of a card, and the confirm dialog's answer where it asks."""
    card(page, code).get_by_role("button", name=button).click()
    if answer is not None:
        page.get_by_role("dialog").get_by_role("button", name=answer).click()


def become(page: Page, name: str) -> None:
    page.get_by_role("radio", name=re.compile(f"^{name}")).check(force=True)


def look(page: Page, view: str) -> None:
    page.get_by_role("navigation", name="Views").get_by_role("button", name=view).click()


def said(page: Page, words: str) -> Locator:
    """Return the messages in the channel that say this."""
    return page.locator("#messages > li").filter(has_text=words)


def row(page: Page, code: str) -> Locator:
    return page.get_by_role("row").filter(has_text=code)


def test_two_people_in_two_tabs_delete_a_coupon(sandbox: Sandbox, tabs_of: OpenTabs) -> None:
    """Two tabs are two people: each sees the other's deeds at once, and only what is theirs to see."""
    window = tabs_of(sandbox)
    rika, amir = window.open(RIKA), window.open(AMIR)

    ask(rika, "SUMMER10OFF wrong percentage")
    expect(said(rika, "Reading SUMMER10OFF from Vivoldi")).to_contain_text("Only visible to you")
    expect(card(amir, "SUMMER10OFF")).to_contain_text("Asked by @Rika")
    expect(said(amir, "Reading SUMMER10OFF")).to_have_count(0)
    expect(amir.locator("#live")).to_contain_text("Delete coupon SUMMER10OFF?")

    press(rika, "SUMMER10OFF", "Approve", "Approve")
    expect(card(amir, "SUMMER10OFF")).to_contain_text("Step 2 of 2")
    press(amir, "SUMMER10OFF", "final approval for", "Delete Coupon")

    for page in (rika, amir):
        expect(card(page, "SUMMER10OFF")).to_contain_text("Deleted. Vivoldi said so")
        expect(card(page, "SUMMER10OFF").get_by_role("button")).to_have_count(0)
        expect(row(page, "SUMMER10OFF")).to_contain_text("Deleted")
    card(amir, "SUMMER10OFF").get_by_text("1 reply").click()
    expect(card(amir, "SUMMER10OFF").locator(".thread")).to_contain_text("@Rika asked to delete")
    look(amir, "API log")
    expect(amir.locator("#log-lines")).to_contain_text("SUMMER10OFF truly deleted")


def test_trace_tells_a_request_from_command_to_outcome(sandbox: Sandbox, tabs_of: OpenTabs) -> None:
    """The trace shows states, decisions, API calls and audit events of the request that is picked."""
    page = tabs_of(sandbox).open(RIKA)
    ask(page, "COMINGSOON15 campaign called off")
    press(page, "COMINGSOON15", "Approve", "Approve")
    expect(card(page, "COMINGSOON15")).to_contain_text("Step 2 of 2")
    become(page, "Amir")
    press(page, "COMINGSOON15", "Reject")
    expect(card(page, "COMINGSOON15")).to_contain_text("@Amir rejected this request")

    look(page, "Trace")
    lines = page.locator("#trace-lines li")
    told = [
        "Rika types /coupon-delete COMINGSOON15",
        "submitted",
        "GET COMINGSOON15",
        "Card posted",
        "Rika approves step 1",
        "pending, step 2",
        "Amir clicks Reject",
        "rejected",
        "The outcome was told",
    ]
    for words in told:
        expect(lines.filter(has_text=words).first).to_be_visible()


def test_refusals_are_private_and_change_nothing(sandbox: Sandbox, tabs_of: OpenTabs) -> None:
    """Who may not ask or approve is told why, privately, and the card stays as it was."""
    page = tabs_of(sandbox).open(GUS)
    ask(page, "ALWAYS5OFF")
    expect(said(page, "Guests can't do this.")).to_be_visible()

    become(page, "Rika")
    expect(said(page, "Guests can't do this.")).to_have_count(0)
    ask(page, "ALWAYS5OFF leaked")
    expect(card(page, "ALWAYS5OFF")).to_be_visible()
    become(page, "Carl")
    press(page, "ALWAYS5OFF", "Approve", "Approve")
    expect(said(page, "You are not one of the approvers")).to_be_visible()

    become(page, "Rika")
    press(page, "ALWAYS5OFF", "Approve", "Approve")
    press(page, "ALWAYS5OFF", "final approval for", "Delete Coupon")
    expect(said(page, "You asked for this, so someone else")).to_be_visible()
    press(page, "ALWAYS5OFF", "Cancel")
    expect(card(page, "ALWAYS5OFF")).to_contain_text("@Rika cancelled this request")
    expect(row(page, "ALWAYS5OFF")).to_contain_text("Unlimited")


def test_dialog_that_is_cancelled_sends_nothing(sandbox: Sandbox, tabs_of: OpenTabs) -> None:
    """Going back from a confirm dialog, by button or Escape, is no click; and typed markup stays text."""
    page = tabs_of(sandbox).open(AMIR)
    clicks: list[str] = []
    page.on("request", lambda request: clicks.append(request.url) if "/api/click" in request.url else None)
    ask(page, "GIFTFORMINA1 <img src=x onerror=alert(1)> & *bold*")
    expect(card(page, "GIFTFORMINA1")).to_contain_text("<img src=x onerror=alert(1)> & ")
    expect(card(page, "GIFTFORMINA1").locator(".said img")).to_have_count(0)

    press(page, "GIFTFORMINA1", "Approve", "Go Back")
    expect(page.get_by_role("dialog")).to_have_count(0)
    card(page, "GIFTFORMINA1").get_by_role("button", name="Approve").click()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert clicks == []
    press(page, "GIFTFORMINA1", "Reject")
    expect(card(page, "GIFTFORMINA1")).to_contain_text("@Amir rejected this request")
    expect(card(page, "GIFTFORMINA1")).not_to_contain_text("Approved by")


def test_lost_answer_is_settled_by_reading(sandbox: Sandbox, tabs_of: OpenTabs) -> None:
    """One click loses the answer to DELETE; the bot then tells what reading shows, having sent it once."""
    page = tabs_of(sandbox).open(RIKA)
    fault = page.get_by_role("switch", name=re.compile("^The answer to DELETE is lost"))
    fault.check()
    row(page, "CAKE100USED").get_by_role("button", name="Ask to delete").click()
    page.keyboard.type("printed twice")
    page.keyboard.press("Enter")
    press(page, "CAKE100USED", "Approve", "Approve")
    become(page, "Bea")
    press(page, "CAKE100USED", "final approval for", "Delete Coupon")

    expect(card(page, "CAKE100USED")).to_contain_text("no longer works.")
    expect(fault).not_to_be_checked()
    look(page, "API log")
    deletions = page.locator("#log-lines li").filter(has_text="DELETE CAKE100USED")
    expect(deletions).to_have_count(1)
    expect(deletions).to_contain_text("executed; connection lost, no answer")

    look(page, "Coupons")
    row(page, "CAKE100USED").get_by_role("button", name="Create again").click()
    expect(row(page, "CAKE100USED")).to_contain_text("Running campaign")


def test_home_shows_what_waits_and_leads_to_its_card(sandbox: Sandbox, tabs_of: OpenTabs) -> None:
    """The Home tab shows the chosen person what waits for them; its link leads to the card."""
    rika, amir = (tabs_of(sandbox).open(person) for person in (RIKA, AMIR))
    amir.get_by_role("button", name="Coupon Guard: Home").click()
    expect(amir.locator("#messages")).to_contain_text("Waiting for you")
    expect(amir.locator("#composer")).to_be_hidden()
    ask(rika, "SPRING2024 ended long ago")
    link = amir.get_by_role("button", name="Delete coupon SPRING2024?")
    expect(link).to_be_visible()
    check_accessible(amir)
    link.click()
    expect(card(amir, "SPRING2024")).to_be_visible()
    press(amir, "SPRING2024", "Reject")
    rika.get_by_role("button", name="Coupon Guard: Home").click()
    expect(rika.locator("#messages")).to_contain_text("rejected this request")
    become(rika, "Carl")
    expect(rika.locator("#messages")).to_contain_text("Nothing has ended yet.")


def test_keyboard_alone_is_enough(sandbox: Sandbox, tabs_of: OpenTabs) -> None:
    """Completion, hint, confirm dialog and decision work from the keyboard, and focus stays with the card."""
    page = tabs_of(sandbox).open(AMIR, OPS)
    line = page.get_by_role("combobox", name="Message")
    line.press_sequentially("/cou")
    expect(page.get_by_role("option")).to_have_count(6)
    line.press("Tab")
    expect(line).to_have_value("/coupon-delete ")
    expect(page.locator("#hint")).to_have_text("/coupon-delete CODE[,CODE...] [reason]")
    line.press_sequentially("LASTSEASON20 season is over")
    line.press("Enter")

    card(page, "LASTSEASON20").get_by_role("button", name="Approve").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Go Back")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(card(page, "LASTSEASON20")).to_contain_text("Step 2 of 2")
    expect(card(page, "LASTSEASON20")).to_be_focused()

    page.get_by_role("button", name="# incident").click()
    ask(page, "list")
    page.get_by_role("button", name="LASTSEASON20", exact=True).last.click()
    expect(card(page, "LASTSEASON20")).to_be_focused()


def test_a_coupon_is_frozen_deleted_and_restored(sandbox: Sandbox, tabs_of: OpenTabs) -> None:
    """One click freezes a coupon, two approvals delete it, and two more bring it back as it was."""
    page = tabs_of(sandbox).open(RIKA)
    code = create(sandbox, "THREEACTS")
    ask(page, f"{code} leaked")
    become(page, "Amir")
    press(page, code, "Freeze", "Freeze Now")
    expect(card(page, code)).to_contain_text("Frozen by @Amir")
    expect(row(page, code)).to_contain_text("Expired")
    press(page, code, "Approve", "Approve")
    become(page, "Bea")
    press(page, code, "final approval for", "Delete Coupon")
    expect(card(page, code)).to_contain_text("Deleted. Vivoldi said so")
    expect(row(page, code)).to_contain_text("Deleted")

    become(page, "Rika")
    row(page, code).get_by_role("button", name="Ask to restore").click()
    page.keyboard.type("deleted by mistake")
    page.keyboard.press("Enter")
    again = page.locator("#messages > li").filter(has_text=f"Restore coupon {code}?")
    again.get_by_role("button", name="Approve").click()
    page.get_by_role("dialog").get_by_role("button", name="Approve").click()
    expect(again).to_contain_text("Step 2 of 2")
    become(page, "Bea")
    again.get_by_role("button", name="final approval").click()
    page.get_by_role("dialog").get_by_role("button", name="Restore Coupon").click()
    expect(said(page, "Created again. Vivoldi said so").first).to_be_visible()
    expect(row(page, code)).to_contain_text("Running campaign")
    check_accessible(page)


@pytest.mark.parametrize("width", [1440, 390])
def test_the_form_takes_many_codes_and_a_file(sandbox: Sandbox, tabs_of: OpenTabs, width: int) -> None:
    """The command alone opens a form that fits a phone; what it asks for is shown page by page, and told."""
    page = tabs_of(sandbox, width).open(RIKA)
    codes = [create(sandbox, f"FORM{width}N{number}") for number in range(21)]
    ask(page, "")
    form = page.get_by_role("dialog", name="Delete many coupons")
    form.get_by_label("Codes").fill(f"{codes[0]} nope")
    form.get_by_label("Reason").select_option("Campaign over")
    form.get_by_role("button", name="Ask for Deletion").click()
    expect(form.get_by_role("alert").filter(has_text="line 1: nope")).to_be_visible()
    expect(form.get_by_label("Codes")).to_have_value(f"{codes[0]} nope")
    check_accessible(page)
    fits = "document.documentElement.scrollWidth <= innerWidth"
    assert page.evaluate(fits)
    form.get_by_label("Codes").fill(", ".join(codes[:2]))
    content = "\n".join(["code", *codes[1:]]).encode()
    file = FilePayload(name="codes.csv", mimeType="text/csv", buffer=content)
    form.get_by_label("CSV file").set_input_files(file)
    form.get_by_role("button", name="Ask for Deletion").click()
    expect(form).to_contain_text("Asked for 21 coupons")
    expect(form).to_contain_text("1 repeated code was left out. ")
    expect(form).to_contain_text("in #incident")
    form.get_by_role("button", name="Close").click()

    shown = page.locator("#messages > li").filter(has_text="21 coupons").filter(has_text=codes[0])
    # A card that runs lists nothing but what needs a look.
    many = page.locator(f'[data-ts="{shown.get_attribute("data-ts")}"]')
    many.get_by_role("button", name="Show all 21 coupons").click()
    every = page.get_by_role("dialog", name="21 coupons")
    expect(every).to_contain_text(f"21. {codes[20]}")
    check_accessible(page)
    assert page.evaluate(fits)
    every.get_by_role("button", name="Close").click()
    press_on(many, "Approve step 1", "Approve")
    become(page, "Bea")
    press_on(many, "final approval for", "Delete 21 Coupons")
    expect(many.get_by_role("button", name="Stop")).to_be_visible()
    press_on(many, "Stop")
    expect(many).to_contain_text("of 21 done")
    many.locator(".thread > summary").click()
    many.locator(".file > summary").click()
    expect(many.locator(".file pre")).to_contain_text(f"{codes[20]},not deleted (stopped)")
    check_accessible(page)


def press_on(message: Locator, button: str, answer: str | None = None) -> None:
    """Click a button of a message, and the confirm dialog's answer where it asks."""
    message.get_by_role("button", name=button).click()
    if answer is not None:
        message.page.get_by_role("dialog").get_by_role("button", name=answer).click()


def create(sandbox: Sandbox, code: str) -> str:
    """Create a coupon in the local Vivoldi, and return its code."""
    with httpx.Client(base_url=sandbox.address, trust_env=False) as http:
        made = http.post("/api/create", json={"code": code}, headers={"Origin": sandbox.address})
        assert made.status_code == 200, made.text
    return code


def test_request_expires(tabs_of: OpenTabs) -> None:
    """A request that nobody decides runs out before people's eyes; Ctrl-C then ends every process."""
    with running_sandbox("APPROVE_WITHIN_SECONDS=1") as sandbox:
        page = tabs_of(sandbox).open(RIKA)
        ask(page, "SUMMER10OFF")
        expect(card(page, "SUMMER10OFF")).to_contain_text("Timed out")
        expect(card(page, "SUMMER10OFF").get_by_role("button")).to_have_count(0)
        expect(row(page, "SUMMER10OFF")).to_contain_text("Running campaign")
        page.close()

        pid = sandbox.process.pid
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        assert len(children) == 3
        assert sandbox.interrupt() == 0
        assert not [child for child in children if Path("/proc", child).exists()]


@pytest.mark.parametrize(("width", "scheme"), [(1440, "light"), (1440, "dark"), (390, "light")])
def test_page_is_accessible(sandbox: Sandbox, tabs_of: OpenTabs, width: int, scheme: str) -> None:
    """axe-core finds no violation: each view, the completions, a card and its dialog, in both themes."""
    code = {1440: "AXEWIDE", 390: "AXENARROW"}[width] + scheme.upper()
    page = tabs_of(sandbox, width, scheme).open(RIKA)
    ask(page, f"{code} <@U0AMIR0000>")
    expect(card(page, code)).to_be_visible()
    page.get_by_role("combobox", name="Message").fill("/")
    check_accessible(page)
    page.keyboard.press("Escape")
    card(page, code).get_by_role("button", name="Approve").click()
    check_accessible(page)
    page.get_by_role("dialog").get_by_role("button", name="Go Back").click()
    # On a wide screen the coupons have been beside the chat all the time.
    for view in ("API log", "Trace") if width > 900 else ("Coupons", "API log", "Trace"):
        look(page, view)
        check_accessible(page)


def check_accessible(page: Page) -> None:
    results = Axe().run(page)
    assert results.violations_count == 0, results.generate_report()


def test_only_the_page_itself_is_let_in(sandbox: Sandbox) -> None:
    """A name that was rebound to this computer, and a post from another site, are refused."""
    with httpx.Client(base_url=sandbox.address, trust_env=False) as http:
        assert http.get("/").status_code == 200
        assert "script-src 'self'" in http.get("/").headers["Content-Security-Policy"]
        assert http.get("/", headers={"Host": "evil.example"}).status_code == 403
        wish: dict[str, list[str]] = {"faults": []}
        for origin in ({}, {"Origin": "http://evil.example"}, {"Origin": "http://localhost"}):
            assert http.post("/api/faults", json=wish, headers=origin).status_code == 403
        own = {"Origin": sandbox.address}
        assert http.post("/api/faults", json=wish, headers=own).status_code == 200
        form = http.post("/api/faults", data={"faults": "[]"}, headers=own)
        assert form.status_code == 415


def test_a_dialog_is_filled_in_and_a_deletion_stopped(tabs_of: OpenTabs) -> None:
    """A modal opens for who clicked alone, says what is wrong, and sends; then Stop is one click."""
    with running_sandbox("CONFIRM_BY_TYPING=true", "STOP_WINDOW_SECONDS=60") as started:
        page = tabs_of(started).open(RIKA)
        ask(page, "SUMMER10OFF wrong percentage")
        press(page, "SUMMER10OFF", "Approve", "Approve")
        become(page, "Amir")
        press(page, "SUMMER10OFF", "final approval for", "Delete Coupon")
        dialog = page.get_by_role("dialog", name="Final approval")
        dialog.get_by_label("The last four characters").fill("nope")
        dialog.get_by_role("button", name="Delete Coupon").click()
        expect(dialog.get_by_role("alert")).to_contain_text("not what the dialog asks for")
        expect(dialog.get_by_label("The last four characters")).to_have_value("nope")
        assert Axe().run(page).response["violations"] == []
        dialog.get_by_role("button", name="Go Back").click()
        expect(dialog).to_have_count(0)
        press(page, "SUMMER10OFF", "final approval for", "Delete Coupon")
        dialog.get_by_label("The last four characters").fill("0off")
        dialog.get_by_role("button", name="Delete Coupon").click()
        expect(dialog).to_have_count(0)
        press(page, "SUMMER10OFF", "Stop deleting")
        expect(said(page, "stopped by").first).to_be_visible()
        page.close()
