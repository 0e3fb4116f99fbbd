// The page: what the stream tells becomes messages and coupons; who you are and where you look is yours.

import { $, arrange, el, post, toast } from "./dom.js";
import { mrkdwn } from "./mrkdwn.js";
import { drawHome, drawMessage } from "./slack.js";
import { drawModal, forgetModals, takeModal } from "./modals.js";
import { startComposer } from "./composer.js";
import { drawVivoldi, forget, startFaults, takeCall, takeEvent, takeFaults } from "./coupons.js";
import { startTrace, traceSoon } from "./trace.js";

const PARTS = [
  ["U0RIKA0000", "on call, asks"], ["U0AMIR0000", "approver"], ["U0BEA00000", "approver"],
  ["U0CARL0000", "no approver"], ["U0GUEST000", "guest"],
];
const START = "C0INCIDENT";
const HOME = "home";
const asked = new URLSearchParams(location.search);
const narrow = matchMedia("(max-width: 900px)");

const messages = new Map();
const homes = new Map();
const drawn = new Map();
const dismissed = new Set();
const opened = new Set();
const unread = new Set();
let live = false;
let scheduled = false;

const key = ({ channel, ts }) => `${channel} ${ts}`;
const directory = await (await fetch("/api/directory")).json();
const byId = (list) => Object.fromEntries(list.map((each) => [each.id, each]));
const world = {
  people: byId(directory.people), groups: byId(directory.groups), channels: byId(directory.channels),
  me: PARTS.some(([id]) => id === asked.get("as")) ? asked.get("as") : PARTS[0][0],
  channel: asked.get("in") ?? START,
  dismiss: (message) => { dismissed.add(key(message)); render(); },
  isOpen: (message) => opened.has(key(message)),
  openThread: (message, open) => (open ? opened.add(key(message)) : opened.delete(key(message))),
  jump: (channel, ts) => {
    go({ channel });
    const target = $(`[data-ts="${CSS.escape(ts)}"]`);
    if (!target) return toast("This message is not in the channel any more.");
    target.scrollIntoView({ block: "center" });
    target.focus();
  },
};

const direct = () => `D${world.me.slice(1)}`;
const mine = (message) => !message.deleted && [null, world.me].includes(message.ephemeral_to) && !dismissed.has(key(message));

/** Become someone else or look elsewhere; the address keeps it, so that two tabs can be two people. */
function go(change) {
  if (change.me && world.channel === direct()) change.channel = `D${change.me.slice(1)}`;
  Object.assign(world, change);
  history.replaceState(null, "", `?as=${world.me}&in=${world.channel}`);
  drawn.clear();
  render();
  openHome();
  $("#scroll").scrollTop = $("#scroll").scrollHeight;
}

/** Open the Home tab as Slack does: the bot hears of it, and publishes what there is to see. */
function openHome() {
  if (world.channel === HOME) post("/api/home", { user: world.me }, (error) => `The Home can't be opened (${error}).`);
}

function render() {
  scheduled = false;
  unread.delete(world.channel);
  drawPlaces();
  drawMessages();
  drawVivoldi();
  drawModal(world);
}

function renderSoon() {
  if (!scheduled) requestAnimationFrame(render);
  scheduled = true;
}

function drawPlaces() {
  const place = (id, name) => {
    const here = id === world.channel;
    return el("li", {}, el("button", { type: "button", "aria-current": here ? "true" : null, "data-channel": id,
      class: unread.has(id) ? "unread" : null, onclick: () => go({ channel: id }) },
      name, unread.has(id) && el("span", { class: "hidden" }, " (unread)")));
  };
  const focused = document.activeElement?.dataset.channel;
  const channels = directory.channels.filter((each) => !each.archived && each.kind !== "direct" && each.members.includes(world.me));
  $("#channels").replaceChildren(...channels.map(({ id, name }) => place(id, `# ${name}`)));
  $("#direct").replaceChildren(place(direct(), "Coupon Guard"), place(HOME, "Coupon Guard: Home"));
  if (focused) $(`[data-channel="${focused}"]`)?.focus();
  const name = world.channels[world.channel]?.name;
  const app = world.channel === HOME ? "Coupon Guard: Home" : "Coupon Guard";
  $("#channel").textContent = name ? `# ${name}` : app;
  $("#composer").hidden = world.channel === HOME;
  document.title = `${world.people[world.me].name} in ${$("#channel").textContent} · Coupon Guard sandbox`;
}

function drawMessages() {
  const scroll = $("#scroll");
  const atEnd = scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < 40;
  const here = [...messages.values()].filter((each) => each.channel === world.channel && mine(each))
    .sort((a, b) => (a.ts < b.ts ? -1 : 1));
  const shown = here.filter((each) => !each.thread_ts || each.broadcast);
  if (world.channel === HOME) arrange($("#messages"), [homeOnce()]);
  else arrange($("#messages"), shown.length ? shown.map((each) => drawnOnce(each, here)) : [nothing()]);
  if (atEnd) scroll.scrollTop = scroll.scrollHeight;
}

const nothing = () => el("li", { class: "nothing" }, "Nothing was said here yet. Type / below to ask for a deletion, or pick a coupon.");

function homeOnce() {
  const home = homes.get(world.me);
  const before = drawn.get(HOME);
  if (before && before.version === home?.seq) return before.node;
  const node = drawHome(home, world);
  drawn.set(HOME, { version: home?.seq, node });
  return node;
}

function drawnOnce(message, here) {
  const thread = here.filter((each) => each.thread_ts === message.ts);
  const version = [message, ...thread].map(({ seq }) => seq).join();
  const before = drawn.get(key(message));
  if (before?.version === version) return before.node;
  const node = drawMessage(message, world, thread);
  drawn.set(key(message), { version, node });
  if (before?.node.contains(document.activeElement)) requestAnimationFrame(() => node.focus());
  return node;
}

function takeMessage(message) {
  messages.set(key(message), message);
  if (!live || !mine(message)) return;
  if (message.channel !== world.channel) unread.add(message.channel);
  else $("#live").textContent = `${world.people[message.user]?.name}: ${el("p", {}, mrkdwn(message.text, world)).textContent}`;
}

function startPeople() {
  if (!world.channels[world.channel] && ![direct(), HOME].includes(world.channel)) world.channel = START;
  $("#people").append(...PARTS.map(([id, part]) => el("label", {},
    el("input", { type: "radio", name: "me", value: id, checked: id === world.me, onchange: () => go({ me: id }) }),
    el("span", {}, world.people[id].name, el("small", {}, part)))));
}

function startViews() {
  const look = (view) => {
    document.body.dataset.view = view;
    document.querySelectorAll(".views button").forEach((button) =>
      button.setAttribute("aria-pressed", String(button.dataset.view === view)));
  };
  document.querySelectorAll(".views button").forEach((button) => button.addEventListener("click", () => look(button.dataset.view)));
  // Beside the chat there is always a panel; alone on a narrow screen the chat comes first.
  const fit = () => look(narrow.matches ? "chat" : "coupons");
  narrow.addEventListener("change", fit);
  fit();
}

function startStream() {
  const stream = new EventSource("/stream");
  const on = (name, take) => stream.addEventListener(name, (event) => {
    take(JSON.parse(event.data));
    renderSoon();
    traceSoon();
  });
  // Each connection tells everything from the beginning.
  stream.addEventListener("open", () => {
    live = false;
    messages.clear();
    homes.clear();
    forget();
    forgetModals();
  });
  stream.addEventListener("error", () => toast("The sandbox does not answer. This page waits for it."));
  on("message", takeMessage);
  on("home", (home) => homes.set(home.user, home));
  on("modal", takeModal);
  on("ready", () => { live = true; });
  on("event", takeEvent);
  on("call", takeCall);
  on("faults", takeFaults);
}

startPeople();
startViews();
startFaults();
startTrace();
startComposer(() => ({ user: world.me, channel: world.channel === direct() ? world.me : world.channel }));
startStream();
openHome();
