"""The pictures of README.md and docs/usage.md: a card that waits for its approvals, the form, and an outcome.

`python -m sandbox.page.screenshots` takes them anew, from the running sandbox.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

from playwright.async_api import Page, async_playwright

from sandbox.page.chromium import ARGUMENTS, executable
from sandbox.page.server import serving
from sandbox.stage import stage

IMAGES = Path(__file__).resolve().parents[2] / "docs" / "images"
RIKA, AMIR, BEA = "U0RIKA0000", "U0AMIR0000", "U0BEA00000"
COMMAND = "/coupon-delete SUMMER10OFF wrong percentage, leaked on social media"
CODES = "CAKE100USED, LASTSEASON20\nSPRING2024 ALWAYS5OFF\nsee the list above"


async def take() -> None:
    """Play one deletion in the browser, and take a picture before and after the approvals."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    async with (
        stage(seed_coupons=True) as everything,
        serving(everything, 0) as address,
        async_playwright() as playwright,
    ):
        browser = await playwright.chromium.launch(executable_path=executable(), args=list(ARGUMENTS))
        page = await browser.new_page(
            viewport={"width": 1280, "height": 840}, color_scheme="light", locale="en-GB"
        )
        await _play(page, address)
        await browser.close()


async def _play(page: Page, address: str) -> None:
    await page.goto(f"{address}/?as={RIKA}")
    await _ask(page)
    await page.goto(f"{address}/?as={AMIR}")
    await page.get_by_role("button", name="Approve step 1").wait_for()
    await page.screenshot(path=IMAGES / "pending.png")
    await _fill_in(page)
    await _approve(page, "Approve step 1", "Approve")
    await page.goto(f"{address}/?as={BEA}")
    await _approve(page, "final approval for", "Delete Coupon")
    await page.locator("#messages > li").filter(has_text="Replied to a thread").wait_for()
    await page.get_by_role("button", name="Trace").click()
    told = page.get_by_text("The outcome was told")
    await told.scroll_into_view_if_needed()
    await page.screenshot(path=IMAGES / "outcome.png")


async def _fill_in(page: Page) -> None:
    """Take a picture of the form with something wrong in it, and close it."""
    await _type(page, "/coupon-delete ")
    form = page.get_by_role("dialog", name="Delete many coupons")
    await form.get_by_label("Codes").fill(CODES)
    await form.get_by_label("Reason").select_option("Campaign over")
    await form.get_by_role("button", name="Ask for Deletion").click()
    await form.get_by_role("alert").filter(has_text="line 3").wait_for()
    await page.screenshot(path=IMAGES / "form.png")
    await form.get_by_role("button", name="Cancel").click()


async def _type(page: Page, text: str) -> None:
    line = page.get_by_role("combobox", name="Message")
    await line.fill(text)
    await line.press("Enter")


async def _ask(page: Page) -> None:
    await _type(page, COMMAND)
    await page.get_by_role("button", name="Approve step 1").wait_for()


async def _approve(page: Page, button: str, confirm: str) -> None:
    await page.get_by_role("button", name=button).click()
    await page.get_by_role("dialog").get_by_role("button", name=confirm).click()


if __name__ == "__main__":
    asyncio.run(take())
