// Slack's mrkdwn as DOM nodes: emphasis, code, mentions, dates and links to messages.

import { el } from "./dom.js";

const TOKEN = new RegExp([
  "```(?<block>[\\s\\S]+?)```", "`(?<code>[^`\\n]+)`", "<(?<special>[^<>\\n]+)>", ":(?<emoji>[a-z_]+):",
  "(?<![\\w*])\\*(?<b>\\S|\\S[^\\n]*?\\S)\\*(?![\\w*])", "(?<!\\w)_(?<i>\\S|\\S[^\\n]*?\\S)_(?!\\w)",
  "(?<![\\w~])~(?<s>\\S|\\S[^\\n]*?\\S)~(?![\\w~])",
].join("|"), "g");
const EMOJI = { warning: "⚠️", white_check_mark: "✅", x: "❌", hourglass: "⏳" };
const MESSAGE = /^https:\/\/[a-z]+\.slack\.com\/archives\/(\w+)\/p(\d+)(\d{6})/;

const unescaped = (text) => text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");

/** Return the nodes of a text. world: names of people, groups and channels, `me`, and `jump` to a message. */
export function mrkdwn(text, world) {
  const nodes = [];
  let end = 0;
  for (const found of text.matchAll(TOKEN)) {
    nodes.push(unescaped(text.slice(end, found.index)));
    nodes.push(token(found, world));
    end = found.index + found[0].length;
  }
  return [...nodes, unescaped(text.slice(end))];
}

function token({ 0: whole, groups }, world) {
  if (groups.block) return el("pre", {}, unescaped(groups.block.trim()));
  if (groups.code) return el("code", {}, unescaped(groups.code));
  if (groups.special) return special(groups.special, world);
  if (groups.emoji) return EMOJI[groups.emoji] ? el("span", { "aria-hidden": "true" }, EMOJI[groups.emoji]) : whole;
  const tag = ["b", "i", "s"].find((name) => groups[name]);
  return el(tag, {}, mrkdwn(groups[tag], world));
}

function special(inside, world) {
  const [target, label] = inside.split(/\|(.*)/);
  if (target.startsWith("@")) {
    return mention(world.people[target.slice(1)]?.name ?? label, target.slice(1) === world.me);
  }
  if (target.startsWith("!subteam^")) {
    const group = world.groups[target.slice(9)];
    return mention(group?.handle ?? label ?? "unknown-group", group?.members.includes(world.me));
  }
  if (target.startsWith("#")) return `#${world.channels[target.slice(1)]?.name ?? label}`;
  if (target.startsWith("!date^")) return date(target.split("^"), label);
  if (target.startsWith("!")) return mention(label ?? target.slice(1), true);
  const message = MESSAGE.exec(target);
  // Nothing on this page leads away from this computer, so another link is shown as its text.
  if (!message) return unescaped(label ?? target);
  const go = () => world.jump(message[1], `${message[2]}.${message[3]}`);
  return el("button", { type: "button", class: "link", onclick: go }, unescaped(label ?? "message"));
}

const mention = (name, mine) => el("span", { class: mine ? "mention mine" : "mention" }, `@${name}`);

function date([, epoch, format], fallback) {
  const at = new Date(Number(epoch) * 1000);
  const shown = format.replace(/\{(\w+)\}/g, (whole, name) => datePart(name, at) ?? whole);
  return el("time", { datetime: at.toISOString(), title: fallback }, shown);
}

function datePart(name, at) {
  if (name === "time") return at.toLocaleTimeString([], { hour: "numeric", minute: "2-digit" });
  if (name === "time_secs") return at.toLocaleTimeString();
  if (!name.startsWith("date")) return undefined;
  const days = Math.round((new Date(at).setHours(0, 0, 0, 0) - new Date().setHours(0, 0, 0, 0)) / 86400000);
  const near = { "-1": "yesterday", 0: "today", 1: "tomorrow" }[days];
  return name.endsWith("pretty") && near ? near : at.toLocaleDateString([], { dateStyle: "medium" });
}
