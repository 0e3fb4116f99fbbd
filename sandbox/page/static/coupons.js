// The local Vivoldi: its coupons with what they show, its log of calls and true changes, and the faults.

import { $, clock, el, post } from "./dom.js";
import { compose } from "./composer.js";

const FAULTS = [
  ["The answer to DELETE is lost", "The coupon is deleted, then the connection breaks.", "drop_after", "delete"],
  ["DELETE is lost on its way", "The connection breaks before anything is done.", "drop_before", "delete"],
  ["Bad gateway after deleting", "The coupon is deleted; the answer is an HTML page, 502.", "html_502_after", "delete"],
  ["DELETE is never answered", "The coupon is deleted; the bot waits 10 seconds.", "hang", "delete", { execute: true }],
  ["Too many requests", "429, try again in 2 seconds.", "too_many", "delete", { retry_after: 2 }],
  ["Vivoldi refuses", "“The coupon is locked.”", "code_nonzero", "delete", { message: "The coupon is locked." }],
  ["Success without effect", "Vivoldi says deleted, and keeps the coupon.", "success_without_effect", "delete"],
  ["Reading fails twice", "500 for the next two reads.", "error_500", "read", { times: 2 }],
].map(([title, effect, kind, call, rest]) => ({ title, effect, fault: { kind, call, ...rest } }));

const coupons = new Map();
const lines = new Map();
let armed = [];
let changed = true;

/** Forget everything, before the log is told from its beginning again. */
export function forget() {
  coupons.clear();
  lines.clear();
  changed = true;
}

/** Take a true change of a coupon into account. */
export function takeEvent(event) {
  coupons.set(event.code, { ...event.facts, deleted: event.kind === "deleted" });
  lines.set(`event ${event.seq}`, event);
  changed = true;
}

/** Take a call into account: at its arrival, and again when it is answered. */
export function takeCall(call) {
  lines.set(`call ${call.seq}`, call);
  changed = true;
}

/** Show which faults are armed now. */
export function takeFaults(faults) {
  armed = faults;
  const isOn = ({ fault }) => armed.some((each) => each.kind === fault.kind && each.call === fault.call);
  $("#faults").querySelectorAll("input").forEach((input, index) => { input.checked = isOn(FAULTS[index]); });
}

/** Draw the switches, once. */
export function startFaults() {
  $("#faults").append(...FAULTS.map(({ title, effect, fault }) => {
    const change = (event) => {
      const others = armed.filter((each) => each.kind !== fault.kind || each.call !== fault.call);
      post("/api/faults", { faults: event.target.checked ? [...others, fault] : others });
    };
    return el("li", {}, el("label", { class: "switch" },
      el("input", { type: "checkbox", role: "switch", onchange: change }),
      el("span", {}, title, el("small", {}, effect))));
  }));
}

/** Draw the coupons and the log as they are now, if they changed. */
export function drawVivoldi() {
  if (!changed) return;
  changed = false;
  const focused = document.activeElement?.closest("#coupon-rows button")?.getAttribute("aria-label");
  $("#coupon-rows").replaceChildren(...[...coupons.values()].map(drawCoupon));
  if (focused) $(`#coupon-rows [aria-label="${focused}"]`)?.focus();
  const newestFirst = [...lines.values()].sort((a, b) => b.seq - a.seq);
  $("#log-lines").replaceChildren(...newestFirst.map((entry) => ("facts" in entry ? drawEvent(entry) : drawCall(entry))));
}

function drawCoupon(coupon) {
  const [now, shown] = stateOf(coupon);
  const off = coupon.discTypeIdx === 457 ? `${coupon.disc} % off` : `${coupon.disc} ${coupon.discCurrency} off`;
  const limit = coupon.useLimit === 0 ? "no limit" : `of ${coupon.useLimit}`;
  const { regYmdt, formatDiscCurrency, cpnNo: code, deleted, ...fields } = coupon;
  const act = (label, deed) => el("button", { type: "button", "aria-label": `${label}: ${code}`, onclick: deed }, label);
  return el("tr", { class: deleted ? "gone" : null },
    el("th", { scope: "row" }, el("code", {}, code), el("small", {}, coupon.nm)),
    el("td", {}, off, el("small", {}, el("span", {}, coupon.strtYmd), " ", el("span", {}, `to ${coupon.endYmd}`)),
      el("small", {}, `used ${coupon.useCnt} (${limit})`)),
    el("td", {}, el("span", { class: "pill" }, now), !shown && !deleted && el("small", {}, "not shown by validate"),
      el("span", { class: "row-actions" }, deleted
        ? [act("Ask to restore", () => compose(`restore ${code}`)),
          act("Create again", () => post("/api/create", { code, fields: { ...fields, useCnt: 0 } }))]
        : [act("Ask to delete", () => compose(code)), shown && act("Use once", () => post("/api/redeem", { code }))])));
}

/** Return what a coupon is now, and whether Vivoldi shows it. */
function stateOf(coupon) {
  const today = new Date().toISOString().slice(0, 10);
  if (coupon.deleted) return ["Deleted", false];
  if (coupon.endYmd < today) return ["Expired", false];
  if (coupon.strtYmd > today) return ["Starts later", false];
  if (coupon.useLimit && coupon.useCnt >= coupon.useLimit) return ["Used up", false];
  if (coupon.userId) return ["Issued to a person", true];
  if (coupon.useLimit === 0) return ["Unlimited", true];
  if (coupon.useCnt) return [coupon.useCnt === 1 ? "Used once" : `Used ${coupon.useCnt} times`, true];
  return ["Running campaign", true];
}

function drawCall(call) {
  const executed = call.executed ? "executed" : "not executed";
  const code = call.answer_code == null ? "" : `, code ${call.answer_code}`;
  const answer = call.dropped ? "connection lost, no answer" : `answered ${call.status}${code}`;
  return el("li", { class: call.dropped || call.fault ? "trouble" : "call" }, el("time", {}, clock(new Date(call.at))),
    el("p", {}, el("b", {}, `${call.method} ${call.code ?? call.path}`),
      el("small", {}, call.finished ? `${executed}; ${answer}` : "not answered yet"),
      call.fault && el("small", {}, `fault: ${call.fault}`)));
}

function drawEvent(event) {
  const by = event.by === "api" ? "by the API" : "by someone here";
  return el("li", { class: event.kind === "deleted" ? "deleted" : "truth" }, el("time", {}, clock(new Date(event.at))),
    el("p", {}, el("b", {}, `${event.code} truly ${event.kind}`), el("small", {}, by)));
}
