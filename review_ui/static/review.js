// Keys and the lease. Everything here is a convenience: each action is a form that works without.

import { pressMotifKey } from "./motif.js";

const form = document.getElementById("ruling");
const undo = document.getElementById("undo");
const note = document.getElementById("note");
const keys = document.getElementById("keys");
const all = document.getElementById("alike");
const ACTIONS = new Map(
  Object.entries(JSON.parse(document.body.dataset.keys ?? "{}")).map(([name, key]) => [key, name]),
);
const HEARTBEAT_MS = 60_000;
let sent = false;
let taken = "";
let kept = note?.defaultValue ?? "";

function isWriting(target) {
  return target instanceof HTMLElement
    && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName)
      && !/^(checkbox|radio|range)$/.test(target.getAttribute("type") ?? ""));
}

function rule(button) {
  const select = document.getElementById(button.dataset.reason ?? "");
  const needsNote = select?.selectedOptions[0]?.hasAttribute("data-needs-note");
  if (select?.value === "") {
    askFor(select);
  } else if (needsNote && note.value.trim() === "") {
    askFor(note);
  } else {
    button.click();
  }
}

// What a ruling lacks gets the focus, instead of a page that says so.
function askFor(field) {
  field.setAttribute("aria-invalid", "true");
  field.focus();
}

function press(key) {
  const action = ACTIONS.get(key);
  const button = action && form?.querySelector(`button[data-action="${action}"]`);
  if (button) {
    rule(button);
  } else if (action === "undo" && undo) {
    undo.requestSubmit();
  } else if (action === "note" && note) {
    note.focus();
  } else if (action === "alike" && all) {
    all.click();
  } else if (action === "swap" || action === "plain") {
    document.getElementById(action)?.click();
  } else if (action === "help" && keys) {
    keys.showModal();
  } else if (action === "rewrite") {
    document.dispatchEvent(new CustomEvent("kiyome:rewrite"));
  } else {
    return pressMotifKey(action ?? key);
  }
  return true;
}

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && form?.contains(event.target) && isWriting(event.target)) {
    event.target.blur();
    return;
  }
  // A held key repeats, also into the next page, or into the field that it has led to: only a fresh
  // press counts.
  if (event.repeat && event.key === taken) event.preventDefault();
  if (event.repeat) return;
  taken = "";
  if (event.isComposing || event.ctrlKey || event.altKey || event.metaKey) return;
  if (sent || keys?.open || isWriting(event.target)) return;
  if (press(event.key.length === 1 ? event.key.toLowerCase() : event.key)) {
    taken = event.key;
    event.preventDefault();
  }
});

// One submit a page: a second press or click while the answer is on its way does nothing.
document.addEventListener("submit", (event) => {
  if (event.target.method === "dialog") return;
  if (sent) event.preventDefault();
  sent = true;
});
window.addEventListener("pageshow", () => { sent = false; });

document.querySelector(".keys-link")?.addEventListener("click", (event) => {
  event.preventDefault();
  keys.showModal();
});

// The choice says how many the ruling covers: this item, and those that are ticked.
function countTicked() {
  const words = all.parentElement.querySelector("[data-words]");
  const ticked = document.querySelectorAll('input[name="also"]:checked').length;
  words.textContent = words.dataset.words.replace("{n}", String(1 + ticked));
}

if (all) {
  countTicked();
  document.addEventListener("change", (event) => {
    if (event.target.name === "also") countTicked();
  });
}

// The pictures that come next, once this page has its own.
window.addEventListener("load", () => {
  for (const path of (document.body.dataset.ahead ?? "").split(" ").filter(Boolean)) {
    new Image().src = path;
  }
});

// A note that was begun goes along, also when the page is left: it is there again with the item.
async function keepLease() {
  const begun = note.value;
  if (sent || (document.visibilityState !== "visible" && begun === kept)) return;
  const body = new URLSearchParams();
  for (const name of ["csrf", "lease_token", "item_version"]) {
    body.set(name, form.elements.namedItem(name).value);
  }
  if (begun !== kept) body.set("note", begun);
  try {
    const answer = await fetch(form.dataset.heartbeat, {
      method: "POST", body, redirect: "error", keepalive: true,
    });
    document.getElementById("lease-ended").hidden = answer.status !== 409;
    if (answer.ok) kept = begun;
  } catch {
    // The server cannot be reached just now; the next beat tries again.
  }
}

if (form) {
  form.addEventListener("input", (event) => event.target.removeAttribute("aria-invalid"));
  setInterval(keepLease, HEARTBEAT_MS);
  document.addEventListener("visibilitychange", keepLease);
}
