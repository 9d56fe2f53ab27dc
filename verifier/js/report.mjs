// What was checked, and how it ended: everything holds, something does not, or nobody can tell.

export const FORMAT = "kiyome.verification/1";
export const OK = "ok";
export const NOTE = "note"; // worth knowing, and changes nothing
export const FAILED = "failed";
export const UNCHECKED = "unchecked";
export const EXIT_CODES = { holds: 0, fails: 1, unchecked: 2 };

/** Something does not hold. `check` names what, the message says what that means. */
export class CheckError extends Error {
  constructor(check, detail) {
    super(detail);
    this.check = check;
  }
}

/** Something could not be checked at all: out of reach, or a key is missing. */
export class UncheckedError extends CheckError {}

/** The checks of one file, in the order in which they were made. */
export class Checks {
  made = [];

  add(name, detail, status = OK) {
    this.made.push({ detail, name, status });
  }

  /** Write down what went wrong; anything else than a CheckError is a bug and is thrown on. */
  blame(error) {
    if (!(error instanceof CheckError)) throw error;
    this.add(error.check, error.message, error instanceof UncheckedError ? UNCHECKED : FAILED);
  }

  /** What they come to; no check at all proves nothing. */
  get outcome() {
    const found = new Set(this.made.map((check) => check.status));
    if (found.has(FAILED)) return "fails";
    return found.has(UNCHECKED) || !found.has(OK) ? "unchecked" : "holds";
  }
}

/** What one file says once its own checks are made. */
export class Examined {
  kind = "unknown";
  checks = new Checks();
  key = null;
  heads = []; // the signed heads in it, the newest first
  links = []; // pairs of heads of which the second is shown to begin with the first
  receipts = [];
  prefixes = null; // of a folder: size -> root over its first so many leaves

  constructor(file, kind = "unknown") {
    this.file = file;
    this.kind = kind;
  }

  report() {
    const head = this.heads[0];
    return {
      checks: this.checks.made,
      file: this.file,
      kind: this.kind,
      outcome: this.checks.outcome,
      root: head ? head.root.toString("hex") : "",
      size: head ? head.size : 0,
    };
  }
}

/** What several files come to. */
export function combine(reports) {
  const found = new Set(reports.map((report) => report.outcome));
  if (found.has("fails")) return "fails";
  return found.size === 1 && found.has("holds") ? "holds" : "unchecked";
}
