// The evidence of a motif: lines between matched points, the overlay's opacity, and keys. Boxes,
// points, overlay and enlargement are on the page without it.

const SVG = "http://www.w3.org/2000/svg";
const REMEMBERED = "kiyome.points";
const pictures = document.querySelector(".pictures");
const pair = pictures?.querySelector(".pair");
const lines = pair?.querySelector(".lines");
const points = document.getElementById("points");
const overlay = document.getElementById("overlay");
const zoom = document.getElementById("zoom");
const strength = document.getElementById("strength");

// What a key stands for (points, overlay, zoom), or the number of a finding.
export function pressMotifKey(key) {
  const choice = /^[1-9]$/.test(key)
    ? pictures?.querySelector(`.choose input[data-key="${key}"]`)
    : { points, overlay }[key];
  if (choice) {
    choice.click();
  } else if (key === "zoom" && zoom) {
    zoom.open = !zoom.open;
    if (zoom.open) zoom.scrollIntoView({ block: "nearest" });
  } else {
    return false;
  }
  return true;
}

function middleOf(element, origin) {
  const { left, top, width, height } = element.getBoundingClientRect();
  return [left + width / 2 - origin.left, top + height / 2 - origin.top];
}

function drawLines() {
  lines.replaceChildren();
  const groups = [...pair.querySelectorAll(".dots")].filter((g) => g.getClientRects().length > 0);
  if (groups.length !== 2 || groups[0].dataset.slot !== groups[1].dataset.slot) return;
  const origin = lines.getBoundingClientRect();
  const ends = groups.map((group) => [...group.children]);
  for (const [index, circle] of ends[0].entries()) {
    const [x1, y1] = middleOf(circle, origin);
    const [x2, y2] = middleOf(ends[1][index], origin);
    const line = document.createElementNS(SVG, "line");
    for (const [name, value] of Object.entries({ x1, y1, x2, y2 })) {
      line.setAttribute(name, value.toFixed(1));
    }
    line.setAttribute("class", circle.getAttribute("class"));
    lines.append(line);
  }
}

function remember(value) {
  try {
    if (value === undefined) return localStorage.getItem(REMEMBERED);
    localStorage.setItem(REMEMBERED, value);
  } catch {
    // The browser keeps nothing for this site: the choice holds for this page.
  }
  return null;
}

if (lines) {
  points.checked = remember() !== "off";
  points.addEventListener("change", () => remember(points.checked ? "on" : "off"));
  pictures.addEventListener("change", drawLines);
  new ResizeObserver(drawLines).observe(pair);
  for (const image of pair.querySelectorAll("img")) image.addEventListener("load", drawLines);
  drawLines();
}

if (strength) {
  const show = () => {
    pictures.style.setProperty("--strength", String(strength.lastElementChild.value / 100));
  };
  strength.hidden = false;
  strength.addEventListener("input", show);
  show();
}
