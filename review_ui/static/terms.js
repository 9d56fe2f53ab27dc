// Keys of the list of terms. Everything here is a convenience: each action is a form that works
// without.

const rows = [...document.querySelectorAll(".term")];
const search = document.getElementById("search");
const undo = document.getElementById("undo");
const keys = document.getElementById("keys");
const naming = document.getElementById("naming");
const title = document.getElementById("naming-title");
let current = Math.max(0, rows.findIndex((row) => row.hasAttribute("data-current")));
let sent = false;

function isWriting(target) {
  return target instanceof HTMLElement && /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName);
}

function mark(index) {
  rows[current]?.classList.remove("current");
  current = Math.min(Math.max(index, 0), rows.length - 1);
  rows[current]?.classList.add("current");
}

function move(by) {
  const inside = rows.includes(document.activeElement?.closest(".term"));
  mark(inside ? current + by : current);
  rows[current]?.focus();
  rows[current]?.scrollIntoView({ block: "nearest" });
}

function button(ruling) {
  return rows[current]?.querySelector(`button[value="${ruling}"]`);
}

function askName() {
  const category = rows[current]?.querySelector("select[name=category]");
  if (!category) return;
  title.textContent = title.dataset.text.replace("%term%", () => rows[current].querySelector("h2").textContent);
  naming.showModal();
  naming.querySelector(`button[value="${category.value}"]`)?.focus();
}

function name(category) {
  rows[current].querySelector("select[name=category]").value = category;
  naming.close();
  button("name").click();
}

function press(key) {
  if (key === "j" || key === "k") {
    move(key === "j" ? 1 : -1);
  } else if (key === "d" && button("descriptive")) {
    button("descriptive").click();
  } else if (key === "n" && button("name")) {
    askName();
  } else if (key === "u" && undo) {
    undo.requestSubmit();
  } else if (key === "/" && search) {
    search.focus();
    search.select();
  } else if (key === "?" && keys) {
    keys.open = !keys.open;
    if (keys.open) keys.querySelector("summary").focus();
  } else {
    return false;
  }
  return true;
}

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && event.target === search) {
    search.blur();
    rows[current]?.focus();
    return;
  }
  // A held key repeats, also into the next page: only a fresh press counts.
  const steps = event.key === "j" || event.key === "k";
  if (event.isComposing || event.ctrlKey || event.altKey || event.metaKey) return;
  if (sent || (event.repeat && !steps)) return;
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  if (naming?.open) {
    const chosen = naming.querySelector(`button[data-key="${CSS.escape(key)}"]`);
    if (chosen) {
      event.preventDefault();
      name(chosen.value);
    }
  } else if (!isWriting(event.target) && press(key)) {
    event.preventDefault();
  }
});

naming?.addEventListener("click", (event) => {
  const chosen = event.target.closest("button");
  if (chosen) name(chosen.value);
});

// One submit a page: a second press or click while the answer is on its way does nothing.
document.addEventListener("submit", (event) => {
  if (sent) event.preventDefault();
  sent = true;
});
window.addEventListener("pageshow", () => { sent = false; });

for (const [index, row] of rows.entries()) {
  row.addEventListener("focusin", () => mark(index));
}
mark(current);
document.body.classList.add("with-keys");
