// Keys of the list of proposals. Everything here is a convenience: each action is a form.

const lines = [...document.querySelectorAll(".edit-list > li")];
let at = Math.max(0, lines.findIndex((line) => line.hasAttribute("data-current")));
let sent = false;

function isWriting(target) {
  return target instanceof HTMLElement && /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName);
}

function go(to) {
  if (!lines.length) return;
  lines[at].classList.remove("current");
  at = Math.min(lines.length - 1, Math.max(0, to));
  lines[at].classList.add("current");
  lines[at].focus();
}

function press(key) {
  if (key === "j") go(at + 1);
  else if (key === "k") go(at - 1);
  else if (key === "a") lines[at]?.querySelector("button[data-accept]")?.click();
  else if (key === "x") {
    const box = lines[at]?.querySelector("details");
    if (!box) return false;
    box.open = true;
    box.querySelector("textarea").focus();
  } else return false;
  return true;
}

if (lines.length) {
  document.body.classList.add("with-keys");
  lines[at].classList.add("current");
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && isWriting(event.target)) {
      event.target.blur();
      return;
    }
    if (event.repeat || event.isComposing || event.ctrlKey || event.altKey || event.metaKey) return;
    if (sent || isWriting(event.target)) return;
    if (press(event.key.toLowerCase())) event.preventDefault();
  });
}
document.addEventListener("submit", (event) => {
  if (sent) event.preventDefault();
  sent = true;
});
window.addEventListener("pageshow", () => { sent = false; });
