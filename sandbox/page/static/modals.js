// A modal that the app has opened for who you are: its blocks, its fields, the errors under them, Send and Close.

import { el, post } from "./dom.js";
import { drawBlock, said } from "./slack.js";

const open = new Map();
let shown = null;

/** Take over how a modal is now. */
export function takeModal(modal) {
  if (modal.is_open) open.set(modal.id, modal);
  else open.delete(modal.id);
}

/** Forget all modals; the stream tells them anew. */
export const forgetModals = () => open.clear();

/** Show the newest open modal of who you are, or none. What is filled in stays as long as the view does. */
export function drawModal(world) {
  const modal = [...open.values()].filter(({ user }) => user === world.me).at(-1);
  const key = modal && `${modal.id} ${modal.view.hash}`;
  if (shown?.key !== key) {
    shown?.dialog.remove();
    shown = modal ? { key, ...create(modal, world) } : null;
    if (shown) document.body.append(shown.dialog);
    shown?.dialog.showModal();
  }
  for (const [block, node] of Object.entries(shown?.errors ?? {})) node.textContent = modal.errors[block] ?? "";
}

function create(modal, world) {
  const { id, user, view } = modal;
  const errors = {};
  const inputs = view.blocks.filter((block) => block.type === "input");
  const close = () => post("/api/modal/close", { user, modal: id });
  const send = (event) => {
    event.preventDefault();
    const values = Object.fromEntries(inputs.map(({ block_id: block }) => [block, event.target.elements[block].value]));
    post("/api/modal/send", { user, modal: id, values }, (error) => `That didn't work (${error}). Try again.`);
  };
  const blocks = view.blocks.map((block) => (block.type === "input" ? field(block, errors, world) : drawBlock(block, null, world)));
  const dialog = el("dialog", { "aria-labelledby": "modal-title", oncancel: (event) => { event.preventDefault(); close(); } },
    el("form", { method: "dialog", novalidate: true, onsubmit: send },
      el("h2", { id: "modal-title" }, said(view.title, world)), blocks,
      el("div", { class: "actions" },
        el("button", { type: "button", onclick: close }, view.close ? said(view.close, world) : "Cancel"),
        view.submit && el("button", { class: "primary" }, said(view.submit, world)))));
  return { dialog, errors };
}

function field(block, errors, world) {
  const { block_id: name, element } = block;
  errors[name] = el("p", { class: "wrong", role: "alert", id: `wrong-${name}` });
  const attributes = { name, autofocus: element.focus_on_load, "aria-describedby": `wrong-${name}`, autocomplete: "off" };
  return el("label", { class: "field" }, el("span", {}, said(block.label, world), block.optional && " (optional)"),
    input(element, attributes, world), block.hint && el("small", {}, said(block.hint, world)), errors[name]);
}

function input(element, attributes, world) {
  if (element.type === "static_select") {
    const options = (element.options ?? []).map((option) => el("option", { value: option.value }, said(option.text, world)));
    return el("select", attributes, el("option", { value: "" }, "Choose…"), options);
  }
  const given = element.initial_value ?? "";
  if (element.multiline) return el("textarea", { ...attributes, rows: 5 }, given);
  return el("input", { ...attributes, value: given, placeholder: element.placeholder?.text });
}
