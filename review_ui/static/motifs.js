// Choosing pictures by dropping them, and drawing a box. Both are conveniences: the file field and
// the four number fields do the same.

const input = document.getElementById("files");
const drop = document.getElementById("drop");
const chosen = document.getElementById("chosen");
const preview = document.getElementById("preview");
const drawing = document.querySelector("[data-drawing]");
const sides = [...document.querySelectorAll("[data-side]")];
const boxFields = document.querySelector(".box-fields");
const PREVIEW = 900;
const STRAY = 0.01;
let start = null;
let latest = 0;

function readBox() {
  const numbers = sides.map((side) => (side.value === "" ? NaN : side.valueAsNumber / 100));
  return numbers.every(Number.isFinite) ? numbers : null;
}

function showBox() {
  const box = readBox() ?? [0, 0, 0, 0];
  for (const rect of drawing?.querySelectorAll("rect") ?? []) {
    rect.setAttribute("x", box[0]);
    rect.setAttribute("y", box[1]);
    rect.setAttribute("width", Math.max(0, box[2] - box[0]));
    rect.setAttribute("height", Math.max(0, box[3] - box[1]));
  }
}

function writeBox(box) {
  for (const [index, side] of sides.entries()) {
    side.value = box ? String(Math.round(box[index] * 1000) / 10) : "";
  }
  showBox();
}

function placeOf(event) {
  const frame = drawing.getBoundingClientRect();
  const clamp = (value) => Math.min(1, Math.max(0, value));
  return [clamp((event.clientX - frame.left) / frame.width), clamp((event.clientY - frame.top) / frame.height)];
}

function draw(event) {
  const [x, y] = placeOf(event);
  writeBox([Math.min(x, start[0]), Math.min(y, start[1]), Math.max(x, start[0]), Math.max(y, start[1])]);
}

drawing?.addEventListener("pointerdown", (event) => {
  if (event.button !== 0) return;
  event.preventDefault();
  start = placeOf(event);
  drawing.setPointerCapture(event.pointerId);
});
drawing?.addEventListener("pointermove", (event) => {
  if (start) draw(event);
});
drawing?.addEventListener("pointerup", (event) => {
  if (!start) return;
  draw(event);
  const box = readBox();
  // A click without a drag means no box.
  if (box[2] - box[0] < STRAY || box[3] - box[1] < STRAY) writeBox(null);
  start = null;
});
drawing?.addEventListener("pointercancel", () => { start = null; });

for (const side of sides) side.addEventListener("input", showBox);
document.querySelector("[data-clear]")?.addEventListener("click", () => writeBox(null));

async function showPreview(file) {
  latest += 1;
  const mine = latest;
  preview.hidden = true;
  if (!file) return;
  try {
    const picture = await createImageBitmap(file);
    if (mine !== latest) return;
    const scale = Math.min(1, PREVIEW / Math.max(picture.width, picture.height));
    const canvas = preview.querySelector("canvas");
    canvas.width = Math.max(1, Math.round(picture.width * scale));
    canvas.height = Math.max(1, Math.round(picture.height * scale));
    canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
    picture.close();
    preview.hidden = false;
    showBox();
  } catch {
    // No preview of what the browser cannot decode: the answer says what is wrong with it.
  }
}

function showChosen() {
  const files = [...input.files];
  chosen.replaceChildren(...files.map((file) => {
    const line = document.createElement("li");
    const size = new Intl.NumberFormat(document.documentElement.lang, { maximumFractionDigits: 1 });
    line.textContent = `${file.name} (${size.format(file.size / 1024)} KiB)`;
    return line;
  }));
  const total = files.reduce((sum, file) => sum + file.size, 0);
  const tooLarge = total > Number(input.dataset.bytes);
  const tooMany = files.length > Number(input.dataset.most);
  input.setCustomValidity(tooLarge ? input.dataset.large : tooMany ? input.dataset.many : "");
  if (files.length) input.reportValidity();
  // One box cannot be right for several pictures.
  boxFields.disabled = files.length > 1;
  if (files.length > 1) writeBox(null);
  showPreview(files.length === 1 ? files[0] : null);
}

if (input) {
  input.addEventListener("change", showChosen);
  for (const kind of ["dragenter", "dragover"]) {
    drop.addEventListener(kind, (event) => {
      event.preventDefault();
      drop.classList.add("over");
    });
  }
  for (const kind of ["dragleave", "drop"]) {
    drop.addEventListener(kind, () => drop.classList.remove("over"));
  }
  drop.addEventListener("drop", (event) => {
    event.preventDefault();
    if (!event.dataTransfer.files.length) return;
    input.files = event.dataTransfer.files;
    showChosen();
  });
  if (input.files.length) showChosen();
}

for (const hint of document.querySelectorAll(".with-script")) hint.hidden = false;
showBox();

// One submit a page: a second press while the answer is on its way does nothing.
let sent = false;
document.addEventListener("submit", (event) => {
  if (sent) event.preventDefault();
  sent = true;
});
window.addEventListener("pageshow", () => { sent = false; });
