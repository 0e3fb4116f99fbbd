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
  const send = async (event) => {
    event.preventDefault();
    const { submitter, target: { elements } } = event;
    submitter.disabled = true;
    const given = inputs.map(async ({ block_id: block }) => [block, await valueOf(elements[block])]);
    const values = Object.fromEntries(await Promise.all(given));
    await post("/api/modal/send", { user, modal: id, values }, (error) => `That didn't work (${error}). Try again.`);
    submitter.disabled = false;
  };
  const blocks = view.blocks.map((block) => (block.type === "input" ? field(block, errors, world) : drawBlock(block, null, world)));
  const dialog = el("dialog", { "aria-labelledby": "modal-title", oncancel: (event) => { event.preventDefault(); close(); } },
    el("form", { method: "dialog", novalidate: true, onsubmit: send },
      // Focused, it keeps a long dialog at its beginning, as Slack does.
      el("h2", { id: "modal-title", tabindex: "-1", autofocus: !inputs.some(({ element }) => element.focus_on_load) },
        said(view.title, world)), blocks,
      el("div", { class: "actions" },
        el("button", { type: "button", onclick: close }, view.close ? said(view.close, world) : "Cancel"),
        view.submit && el("button", { class: "primary" }, said(view.submit, world)))));
  return { dialog, errors };
}

/** Return what stands in a field; a chosen file is handed over first, and is named by its id. */
async function valueOf(node) {
  if (node.type !== "file") return node.value;
  const [chosen] = node.files;
  if (!chosen) return "";
  const { file } = await post("/api/file", { name: chosen.name, content: await chosen.text() });
  return file ?? "";
}

function field(block, errors, world) {
  const { block_id: name, element } = block;
  const [wrong, hint] = [`wrong-${name}`, block.hint && `hint-${name}`];
  errors[name] = el("p", { class: "wrong", role: "alert", id: wrong });
  const described = [hint, wrong].filter(Boolean).join(" ");
  const attributes = { id: `field-${name}`, name, autofocus: element.focus_on_load, "aria-describedby": described };
  return el("div", { class: "field" },
    el("label", { for: attributes.id }, said(block.label, world), block.optional && " (optional)"),
    input(element, attributes, world), hint && el("small", { id: hint }, said(block.hint, world)), errors[name]);
}

function input(element, attributes, world) {
  const given = element.initial_value ?? "";
  const length = { maxlength: element.max_length, autocomplete: "off", placeholder: element.placeholder?.text };
  switch (element.type) {
    case "static_select": return select(element, attributes, world);
    case "file_input": {
      const types = element.filetypes?.map((type) => `.${type}`).join();
      return el("input", { ...attributes, type: "file", accept: types });
    }
    case "url_text_input": return el("input", { ...attributes, ...length, type: "url", value: given });
    default:
      if (element.multiline) return el("textarea", { ...attributes, ...length, rows: 4 }, given);
      return el("input", { ...attributes, ...length, value: given });
  }
}

function select(element, attributes, world) {
  const chosen = element.initial_option?.value;
  const options = (element.options ?? []).map(({ text, value }) =>
    el("option", { value, selected: value === chosen }, said(text, world)));
  return el("select", attributes, !chosen && el("option", { value: "" }, "Choose…"), options);
}
