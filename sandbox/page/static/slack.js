// A message as Slack draws it: who and when, its blocks, its thread. Modals are drawn beside, in modals.js.

import { el, post } from "./dom.js";
import { mrkdwn } from "./mrkdwn.js";

/** Return a message as a list item. thread: its replies; inThread: whether it is drawn as one of them. */
export function drawMessage(message, world, thread = [], inThread = false) {
  const name = world.people[message.user]?.name ?? message.user;
  const at = new Date(Number(message.ts) * 1000);
  const item = el("li", { class: "message", tabindex: "-1", "data-ts": message.ts },
    el("img", { class: "avatar", src: "/static/icon.svg", alt: "", width: 36, height: 36 }),
    el("div", { class: "said" },
      el("p", { class: "by" }, el("b", {}, name), el("span", { class: "badge" }, "App"),
        el("time", { datetime: at.toISOString() }, at.toLocaleTimeString([], { hour: "numeric", minute: "2-digit" }))),
      message.ephemeral_to && el("p", { class: "quiet" }, "Only visible to you"),
      message.broadcast && !inThread && el("p", { class: "quiet" }, "Replied to a thread"),
      message.blocks.length
        ? message.blocks.map((block) => drawBlock(block, message, world))
        : message.text && el("p", { class: "text" }, mrkdwn(message.text, world),
          message.edited_ts && el("small", {}, " (edited)")),
      message.files.map((file) => drawFile(file)),
      message.ephemeral_to && el("button", { type: "button", class: "link", onclick: () => world.dismiss(message) },
        "Dismiss message"),
      thread.length > 0 && drawThread(thread, message, world)));
  if (message.ephemeral_to) item.classList.add("private");
  return item;
}

/** Return what a person sees on the app's Home tab. home: as it was published; none: nothing was so far. */
export function drawHome(home, world) {
  if (!home) return el("li", { class: "nothing" }, "The bot has published nothing for you yet.");
  return el("li", { class: "message home", tabindex: "-1" },
    el("div", { class: "said" }, home.blocks.map((block) => drawBlock(block, home, world))));
}

/** Return a file with what is in it, as Slack previews a text. */
function drawFile({ name, title, content }) {
  const lines = content.replace("\ufeff", "").split(/\r?\n/).filter(Boolean);
  return el("details", { class: "file" }, el("summary", {}, title, el("small", {}, `${name}, ${lines.length} lines`)),
    el("pre", { tabindex: "0" }, lines.join("\n")));
}

function drawThread(thread, message, world) {
  const toggle = (event) => world.openThread(message, event.target.open);
  return el("details", { class: "thread", open: world.isOpen(message), ontoggle: toggle },
    el("summary", {}, thread.length === 1 ? "1 reply" : `${thread.length} replies`),
    el("ol", {}, thread.map((reply) => drawMessage(reply, world, [], true))));
}

/** Return a text object as nodes. */
export const said = (text, world) => (text.type === "mrkdwn" ? mrkdwn(text.text, world) : [text.text]);

const BLOCKS = {
  header: (block, message, world) => el("h3", {}, said(block.text, world)),
  section: (block, message, world) => [
    block.text && el("p", { class: "text" }, said(block.text, world)),
    block.fields && el("div", { class: "fields" }, block.fields.map((field) => el("p", {}, said(field, world)))),
    block.accessory && drawElement(block.accessory, message, world),
  ],
  context: (block, message, world) =>
    el("p", { class: "context" }, block.elements.map((element) => element.alt_text ?? said(element, world))),
  actions: (block, message, world) =>
    el("div", { class: "actions" }, block.elements.map((element) => drawElement(element, message, world))),
  divider: () => el("hr"),
};

/** Return a block; message: the one that it is part of, for its buttons. */
export const drawBlock = (block, message, world) =>
  BLOCKS[block.type]?.(block, message, world) ?? el("p", { class: "quiet" }, `(${block.type})`);

function drawElement(element, message, world) {
  if (element.type !== "button") return el("span", { class: "quiet" }, `(${element.type})`);
  const use = async () => {
    if (element.confirm && !(await confirmed(element.confirm, world))) return;
    const { ts, channel, seq } = message;
    const wish = { user: world.me, channel, ts, action_id: element.action_id, version: seq };
    await post("/api/click", wish, (error) => `That didn't work (${error}). Try again.`);
  };
  const label = element.accessibility_label;
  return el("button", { type: "button", class: element.style, "aria-label": label, onclick: use }, said(element.text, world));
}

/** Ask as a confirm dialog does, and return whether the person confirmed. */
function confirmed(confirm, world) {
  const answer = (value, text, style) => el("button", { value, class: style }, said(text, world));
  const dialog = el("dialog", { "aria-labelledby": "confirm-title" },
    el("form", { method: "dialog" },
      el("h2", { id: "confirm-title" }, said(confirm.title, world)),
      el("p", { class: "text" }, said(confirm.text, world)),
      el("div", { class: "actions" }, answer("no", confirm.deny), answer("yes", confirm.confirm, confirm.style ?? "primary"))));
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue === "yes");
    });
  });
}
