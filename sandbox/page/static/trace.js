// The time line of one request: what people did, what the bot recorded, and what Slack and Vivoldi saw.

import { $, clock, el } from "./dom.js";

const LANES = { person: "Person", bot: "Audit", vivoldi: "Vivoldi", slack: "Slack" };
const select = $("#trace-request");
let picked = null;
let waiting = [];
let shown = "";

/** Let a request be picked; without a pick the newest one is shown. */
export function startTrace() {
  select.addEventListener("change", () => {
    picked = select.value;
    draw();
  });
}

/** Look again soon: the bot writes down what it did a moment after the outside saw it. */
export function traceSoon() {
  waiting.forEach(clearTimeout);
  waiting = [150, 1200].map((milliseconds) => setTimeout(draw, milliseconds));
}

async function draw() {
  const query = picked ? `?request=${encodeURIComponent(picked)}` : "";
  const response = await fetch(`/api/trace${query}`).catch(() => null);
  if (!response?.ok) return;
  const told = await response.text();
  if (told === shown) return;
  shown = told;
  const { requests, request, lines } = JSON.parse(told);
  $("#trace-none").hidden = requests.length > 0;
  select.parentElement.hidden = !requests.length;
  select.replaceChildren(...requests.map(({ id, codes }) =>
    el("option", { value: id, selected: id === request }, `${id} · ${named(codes)}`)));
  const begin = lines[0]?.at ?? 0;
  $("#trace-lines").replaceChildren(...lines.map((line) => drawLine(line, begin)));
}

/** Return the codes of a request; of many, the first ones. */
const named = (codes) => codes.slice(0, 3).join(", ") + (codes.length > 3 ? ` and ${codes.length - 3} more` : "");

function drawLine(line, begin) {
  const at = new Date(line.at * 1000);
  return el("li", { class: line.lane },
    el("time", { datetime: at.toISOString(), title: clock(at) }, `+${(line.at - begin).toFixed(2)} s`),
    el("p", {}, el("b", {}, line.text), line.state && el("span", { class: "pill" }, line.state),
      el("small", {}, [LANES[line.lane], line.name, line.detail].filter(Boolean).join(" · "))));
}
