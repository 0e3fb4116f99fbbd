// The line where commands are typed: completion, a hint, and Enter.

import { $, el, post, toast } from "./dom.js";

const COMMAND = "/coupon-delete";
const USAGE = "CODE[,CODE...] [reason]";
// Slack itself completes the first one only; the others are for those who play here.
const COMPLETIONS = [
  [`${COMMAND} `, USAGE, "Ask for the deletion of one or more coupons; without a code, open the form for many"],
  [`${COMMAND} freeze `, "CODE [reason]", "Ask to freeze a coupon, which can be undone"],
  [`${COMMAND} restore `, "CODE [reason]", "Ask to create a deleted coupon again"],
  [`${COMMAND} list`, "", "The open requests"],
  [`${COMMAND} show `, "CODE", "What happened to a code before"],
  [`${COMMAND} help`, "", "How it is used"],
];

const line = $("#line");
const list = $("#completions");
let chosen = -1;

/** Put the command for a code into the line, ready for a reason. what: the code, after a word such as restore. */
export function compose(what) {
  const chat = $('.views [data-view="chat"]');
  // Only a narrow screen has this button: there the line is out of sight until the chat is back.
  if (chat.offsetParent) chat.click();
  line.value = `${COMMAND} ${what} `;
  line.focus();
  show();
}

/** Let the line be used. where: returns who types in which channel. */
export function startComposer(where) {
  line.addEventListener("input", show);
  line.addEventListener("keydown", onKey);
  line.addEventListener("blur", close);
  $("#composer").addEventListener("submit", (event) => {
    event.preventDefault();
    send(where());
  });
}

async function send({ user, channel }) {
  const text = line.value.trim();
  close();
  if (!text) return;
  if (!text.startsWith("/")) return void toast(`This small Slack takes commands only: type ${COMMAND}.`);
  const [command, rest] = text.split(/\s+(.*)/s);
  if (command !== COMMAND) return void toast(`${command} is not a valid command. Type ${COMMAND}.`);
  line.value = "";
  show();
  const wish = { user, channel, command, text: rest ?? "" };
  await post("/api/command", wish, (error) => `${command} failed with the error “${error}”.`);
}

function show() {
  const typed = line.value;
  $("#hint").textContent = typed.startsWith(`${COMMAND} `) ? `${COMMAND} ${USAGE}` : "";
  const fitting = typed.startsWith("/") ? COMPLETIONS.filter(([text]) => text.startsWith(typed) && text !== typed) : [];
  list.replaceChildren(...fitting.map(([text, usage, meaning], index) =>
    // On press, before the line loses its focus to the click.
    el("li", { role: "option", id: `option-${index}`, "aria-selected": "false", onmousedown: (event) => {
      event.preventDefault();
      complete(text);
    } }, el("b", {}, text), ` ${usage}`, el("small", {}, meaning))));
  list.hidden = !fitting.length;
  line.setAttribute("aria-expanded", String(!list.hidden));
  // Once the command itself is there, Enter sends it unless something was chosen.
  choose(fitting.length && !typed.includes(" ") ? 0 : -1);
}

function choose(index) {
  chosen = index;
  [...list.children].forEach((option, at) => option.setAttribute("aria-selected", String(at === index)));
  if (index < 0) line.removeAttribute("aria-activedescendant");
  else line.setAttribute("aria-activedescendant", `option-${index}`);
}

function complete(text) {
  line.value = text;
  show();
}

function close() {
  list.hidden = true;
  line.setAttribute("aria-expanded", "false");
  choose(-1);
}

function onKey(event) {
  const count = list.children.length;
  if (list.hidden || !count) return;
  if (event.key === "ArrowDown") choose((chosen + 1) % count);
  else if (event.key === "ArrowUp") choose(chosen <= 0 ? count - 1 : chosen - 1);
  else if (event.key === "Escape") close();
  else if (["Tab", "Enter"].includes(event.key) && chosen >= 0) complete(list.children[chosen].querySelector("b").textContent);
  else return;
  event.preventDefault();
}
