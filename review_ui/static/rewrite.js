// Live previews of captions that are being rewritten, and the key that opens it. The form works without it.

const form = document.getElementById("rewrite-form");
const box = document.getElementById("rewrite");
const WAIT_MS = 250;
let timer = 0;
let asked = null;

function isWriting(target) {
  return target instanceof HTMLElement
    && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));
}

function parts() {
  return [...form.querySelectorAll("fieldset[data-caption]")].map((field) => ({
    field,
    text: field.querySelector("textarea"),
    choices: [...field.querySelectorAll("select")],
    byHand: field.querySelector(".by-hand"),
    preview: field.querySelector(".preview"),
  }));
}

// Text that was written by hand wins: the choices are for the caption as it stood.
function lockChoices(part, locked) {
  for (const select of part.choices) {
    if (locked) select.value = "";
    select.disabled = locked;
  }
  if (part.byHand) part.byHand.hidden = !locked;
}

function isChanged() {
  return parts().some(({ text }) => text.value !== text.dataset.base);
}

// The texts as they are sent: where a choice was made, the server carries it out in the original.
function read() {
  const body = new URLSearchParams(new FormData(form));
  body.delete("text");
  for (const { text, choices } of parts()) {
    body.append("text", choices.some((each) => each.value) ? text.dataset.base : text.value);
  }
  body.set("part", "1");
  return body;
}

async function show() {
  asked?.abort();
  const mine = new AbortController();
  asked = mine;
  try {
    const answer = await fetch(form.dataset.preview, {
      method: "POST", body: read(), redirect: "error", signal: mine.signal,
    });
    if (!answer.ok) return;
    const shown = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (asked !== mine) return;
    for (const part of parts()) {
      const found = shown.querySelector(`[data-caption="${part.field.dataset.caption}"]`);
      if (!found) continue;
      if (part.choices.some((each) => each.value)) part.text.value = found.dataset.text;
      part.preview.replaceChildren(...found.childNodes);
    }
  } catch {
    // Overtaken by the next one, or the server cannot be reached: the button shows the same.
  }
}

function showSoon() {
  clearTimeout(timer);
  timer = setTimeout(show, WAIT_MS);
}

if (form) {
  document.getElementById("rewrite-preview").hidden = true;
  for (const part of parts()) {
    part.text.addEventListener("input", () => {
      lockChoices(part, part.text.value !== part.text.dataset.base);
      showSoon();
    });
    for (const select of part.choices) {
      select.addEventListener("change", () => {
        if (part.choices.every((each) => !each.value)) part.text.value = part.text.dataset.base;
        show();
      });
    }
    part.byHand?.querySelector(".again").addEventListener("click", () => {
      part.text.value = part.text.dataset.base;
      lockChoices(part, false);
      show();
      part.choices[0]?.focus();
    });
    if (part.text.value !== part.text.dataset.base && part.choices.every((each) => !each.value)) {
      lockChoices(part, true);
    }
  }
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && form.contains(event.target) && isWriting(event.target)) {
      event.target.blur();
      return;
    }
  });
  // The key is read in review.js, which knows what each is for.
  document.addEventListener("kiyome:rewrite", () => {
    if (box.open && isChanged()) {
      document.getElementById("rewrite-send").click();
      return;
    }
    box.open = true;
    (form.querySelector("select[name=choice]:enabled") ?? form.querySelector("textarea")).focus();
  });
  document.querySelector("[data-rewrite]")?.addEventListener("click", (event) => {
    event.preventDefault();
    box.open = true;
    box.scrollIntoView({ block: "nearest" });
    (form.querySelector("select[name=choice]:enabled") ?? form.querySelector("textarea")).focus();
  });
  show();
}
