// Small helpers. Data only ever becomes text or an attribute, never markup.

export const $ = (selector) => document.querySelector(selector);

/** Return a new element. An attribute named on… is a listener; true sets it empty; false and null leave it out. */
export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value !== false && value != null) node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat(Infinity).filter((child) => child != null && child !== false));
  return node;
}

/** Make the children of a list these nodes, moving no node that is in place already, so that focus stays. */
export function arrange(list, nodes) {
  nodes.forEach((node, index) => {
    if (list.children[index] !== node) list.insertBefore(node, list.children[index] ?? null);
  });
  while (list.children.length > nodes.length) list.lastElementChild.remove();
}

/** Post a wish to the page's server, and return the answer. What went wrong is shown; explain makes a sentence of it. */
export async function post(path, wish, explain = (error) => error) {
  let answer = { error: "The sandbox does not answer. Is it still running?" };
  try {
    const response = await fetch(path, {
      method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(wish),
    });
    answer = await response.json();
  } catch (error) {
    if (!(error instanceof TypeError || error instanceof SyntaxError)) throw error;
  }
  if (answer.error) toast(explain(answer.error));
  return answer;
}

let hiding = 0;

/** Show a sentence for a few seconds; screen readers read it out. */
export function toast(sentence) {
  clearTimeout(hiding);
  $("#toast").textContent = sentence;
  hiding = setTimeout(() => { $("#toast").textContent = ""; }, 6000);
}

/** Return the time of day with seconds. */
export const clock = (date) => date.toLocaleTimeString([], { hour12: false });
