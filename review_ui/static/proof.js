// The button that checks a proof, and the field for a file from the visitor's own disk. Everything
// is computed here: a file that is chosen never leaves the browser.

import { askChain } from "./proof-chain.js";
import { examine } from "./proof-files.js";

const MAX_FILE_BYTES = 2 ** 28;
const MOST_ROWS = 200;
const MARKS = { ok: "✓", failed: "✗", unchecked: "?", note: "–" };
const checker = document.getElementById("checker");
const words = JSON.parse(checker.dataset.words);
const result = document.getElementById("check-result");
const button = document.getElementById("check-button");
const file = document.getElementById("check-file");
const key = document.getElementById("check-key");
let latest = 0;

const say = (name, values = {}) =>
  (words[name] ?? name).replace(/\{(\w+)\}/g, (whole, part) => {
    const value = values[part];
    return typeof value === "number" ? value.toLocaleString("en") : shorten(String(value ?? whole));
  });

// A release is named by a digest: its beginning tells it from others.
const shorten = (text) => (/^[0-9a-f]{64}$/.test(text) ? `${text.slice(0, 12)}…` : text);

const nameKnown = (kind, value) => words[`${kind}.${value}`] ?? String(value ?? "");

function make(tag, text = "", className = "") {
  const element = document.createElement(tag);
  if (text) element.textContent = text;
  if (className) element.className = className;
  return element;
}

async function check(name, load) {
  latest += 1;
  const mine = latest;
  result.replaceChildren(make("p", say("busy")));
  const vkey = key.value.trim();
  let report;
  try {
    const data = await load();
    report = await examine(data, vkey);
    if (checker.dataset.rpc && checker.dataset.contract) {
      const { rpc, contract, chainId } = checker.dataset;
      await askChain(report, vkey, { rpc, contract, chainId: Number(chainId) }, fetchGrowth);
    }
  } catch {
    report = { kind: "unknown", outcome: "unchecked", records: [], checks: [] };
    report.checks.push({ name: "file", status: "unchecked", why: "unread", values: {} });
  }
  if (mine === latest) show(name, report);
}

async function fetchBytes(address) {
  const response = await fetch(address);
  if (!response.ok) throw new Error(address);
  return new Uint8Array(await response.arrayBuffer());
}

async function fetchGrowth(old, later) {
  try {
    return await fetchBytes(`/usage/consistency/${old}/${later}`);
  } catch {
    return null;
  }
}

function show(name, report) {
  const parts = [make("p", say(`outcome.${report.outcome}`), `outcome ${report.outcome}`)];
  parts.push(make("p", `${say(`kind.${report.kind}`)} ${name}`.trim(), "quiet"));
  const list = make("ul", "", "checks");
  for (const { status, why, values } of report.checks) {
    const item = make("li", "", status);
    const mark = make("span", MARKS[status], "mark");
    mark.setAttribute("aria-hidden", "true");
    const kind = { ok: "ok", note: "note" }[status] ?? "no";
    item.append(mark, make("span", `${say(`status.${status}`)}: `, "sr"));
    item.append(make("span", say(`${kind}.${why}`, values)));
    list.append(item);
  }
  parts.push(list);
  const shown = report.records.filter(({ record }) => record !== null);
  if (shown.length > 0) parts.push(...showRecords(shown));
  result.replaceChildren(...parts);
  result.dataset.outcome = report.outcome;
}

function showRecords(records) {
  const title = make("h3", say("records", { count: records.length }));
  title.id = "check-records";
  const scroll = make("div", "", "scroll");
  scroll.tabIndex = 0;
  scroll.setAttribute("role", "region");
  scroll.setAttribute("aria-labelledby", title.id);
  const table = make("table");
  const head = make("tr");
  for (const name of ["entry", "what", "work", "purpose", "where"]) {
    const cell = make("th", say(`column.${name}`));
    cell.scope = "col";
    head.append(cell);
  }
  table.append(make("thead"), make("tbody"));
  table.tHead.append(head);
  for (const { index, record } of records.slice(0, MOST_ROWS)) {
    const row = make("tr");
    const payout = record.type === "payout";
    row.append(make("td", index.toLocaleString("en"), "number"));
    row.append(make("td", nameKnown("type", record.type)));
    row.append(make("td", payout ? "–" : String(record.asset?.sha256 ?? ""), "hash"));
    row.append(make("td", payout ? String(record.period) : nameKnown("purpose", record.purpose)));
    const place = payout
      ? `${record.net} / 10^${record.digits} ${record.currency}`
      : [record.dataset?.name, record.run?.run].filter(Boolean).join(" · ");
    row.append(make("td", place));
    table.tBodies[0].append(row);
  }
  scroll.append(table);
  const parts = [title, scroll];
  if (records.length > MOST_ROWS) parts.push(make("p", say("more", { count: MOST_ROWS }), "quiet"));
  return parts;
}

button?.addEventListener("click", () => check("", () => fetchBytes(button.dataset.file)));
file?.addEventListener("change", () => {
  const [chosen] = file.files;
  if (!chosen) return;
  check(chosen.name, async () => {
    if (chosen.size > MAX_FILE_BYTES) throw new Error("too large");
    return new Uint8Array(await chosen.arrayBuffer());
  });
});
checker.hidden = false;
