// Whether opened statements allow a use: the rules of consent, written down once more.
//
// A refusal is believed from anyone. A grant counts only from a proven rights holder about these
// very bytes, for the purpose, from the moment it was given until it ends or was last read too long
// ago. A contract counts where the policy names it. Whatever could not be read properly, or is
// contested, counts only where a person approved it.

import { decodeUtf8, isDeep, isObject } from "./canonical.mjs";
import { CheckError } from "./report.mjs";

const CONTRACT = "contract";
const [ALLOWED, REFUSED, CONSTRAINED, SILENT] = ["allowed", "notAllowed", "constrained", "unknown"];
const DAY = 86_400;
const FLAGS = ["integrity", "signer", "control", "bound", "contract"];
const MAX_CHARACTERS = 2 ** 24;

class Unreadable extends Error {}

/** Read a statement as it was kept. Times are UTC seconds since 1970, or null. */
export function readStatement(text) {
  return reading("statements", "A statement cannot be read.", () => {
    const value = load(text);
    const trust = takeObject(of(value, "trust"));
    const preferences = Object.entries(takeObject(of(value, "preferences")));
    return {
      carrier: takeText(of(value, "carrier")),
      source: takeText(of(value, "source")),
      setter: takeText(of(value, "setter")),
      onChain: takeText(of(value, "anchor")).split("/")[0],
      preferences: new Map(preferences.map(([purpose, said]) => [purpose, takeText(said)])),
      sound: of(value, "condition") === "sound",
      proven: new Set(FLAGS.filter((flag) => of(trust, flag) === true)),
      attribution: of(value, "attribution") === true,
      licence: takeText(of(value, "license_sha256")),
      licenceRef: takeText(of(value, "license_ref")),
      constraintMet: of(value, "constraint_met") === true,
      issuedAt: takeTime(of(value, "issued_at")),
      expiresAt: takeTime(of(value, "expires_at")),
      observedAt: takeTime(of(value, "observed_at")),
      sequence: takeWhole(of(value, "sequence")),
      evidence: takeText(of(value, "evidence_sha256")),
    };
  });
}

/** What the manifest's row says of a statement. */
export function nameStatement(said) {
  const levels = FLAGS.flatMap((flag, at) => (said.proven.has(flag) ? [`L${at + 1}`] : []));
  return {
    carrier: said.carrier,
    evidence_sha256: said.evidence,
    license_ref: said.licenceRef,
    setter: said.setter,
    source: said.source,
    trust: levels.join("+") || "L0",
  };
}

/** Read what the policy of a release says about consent. */
export function readTerms(data) {
  return reading("policy", "The policy cannot be read.", () => {
    const value = takeObject(of(load(decodeUtf8(data)), "consent"));
    const contracts = takeList(of(value, "contract")).map((one) => [
      takeText(of(one, "id")),
      {
        purposes: new Set(takeTexts(of(one, "purposes"))),
        overrides: of(one, "overrides_refusals") === true,
      },
    ]);
    const licences = takeList(of(value, "license")).flatMap((one) => {
      const [digest, named] = [takeText(of(one, "sha256")), of(one, "attribution") === true];
      return takeTexts(of(one, "purposes")).map((purpose) => [pair(digest, purpose), named]);
    });
    return {
      optOut: of(value, "profile") === "opt-out",
      purposes: takeTexts(of(value, "purposes")),
      grantSeconds: takeWhole(of(value, "grant_days")) * DAY,
      evidenceSeconds: takeWhole(of(value, "evidence_days")) * DAY,
      attribution: of(value, "accept_attribution") === true,
      contracts: new Map(contracts),
      licences: new Map(licences), // whether an accepted document asks for the author
    };
  });
}

/**
 * Why statements do not allow a use for a purpose at a moment; empty where they do.
 *
 * `approved`: a person approved it. `revokedAt`: when the log says that consent was taken back
 * before, or null.
 */
export function findViolation(statements, purpose, at, terms, { approved, revokedAt }) {
  const weighing = new Weighing(purpose, at, terms);
  const live = weighing.dropSuperseded(statements);
  const grants = live.filter((said) => weighing.isGrant(said));
  const usable = grants.filter((said) => terms.attribution || !weighing.namesAuthor(said));
  const overridden = usable.some(
    ({ carrier, source }) => carrier === CONTRACT && terms.contracts.get(source).overrides,
  );
  let unmet = grants.length > 0 && usable.length === 0;
  let weak = false;
  for (const said of live) {
    const value = weighing.valueOf(said);
    if (overridden && said.sound && !isSigned(said)) continue;
    if (value === REFUSED) {
      if (said.sound && !weighing.hasEnded(said)) return `it was refused (${said.carrier})`;
      weak = true;
    } else if (value === CONSTRAINED && !weighing.isInEffect(said)) unmet = true;
  }
  const doubtful = weak || statements.some((said) => !said.sound);
  if (weak && usable.length === 0) return "it was refused, and nothing grants it";
  if (doubtful && !approved) {
    return "what was said is contested or could not be read, and nobody approved it";
  }
  if (unmet && !doubtful) return "a condition of the owner is not met";
  if (revokedAt !== null && !usable.some((said) => (said.issuedAt ?? 0) > revokedAt)) {
    return "its consent had been revoked in the log before, and nothing grants it since";
  }
  if (usable.length > 0 || doubtful) return "";
  if (live.some((said) => weighing.wasGrant(said) && at >= weighing.endOf(said))) {
    return "its grant had ended, or was read too long ago";
  }
  return terms.optOut ? "" : "nothing grants it";
}

// What statements mean for one purpose at one moment.
class Weighing {
  constructor(purpose, at, terms) {
    this.purpose = purpose;
    this.at = at;
    this.terms = terms;
  }

  valueOf = (said) => said.preferences.get(this.purpose) ?? SILENT;

  hasEnded = ({ expiresAt }) => expiresAt !== null && this.at >= expiresAt;

  // Without what the same proven speaker has replaced by a later word.
  dropSuperseded(statements) {
    const last = new Map();
    for (const said of statements) {
      const speaker = speakerOf(said);
      if (speaker === null || this.valueOf(said) === SILENT || this.hasEnded(said)) continue;
      const known = last.get(speaker);
      if (said.issuedAt <= this.at && !(known && isBefore(said, known))) last.set(speaker, said);
    }
    return statements.filter((said) => {
      const latest = last.get(speakerOf(said));
      return !(latest && isBefore(said, latest));
    });
  }

  isMet({ constraintMet, licence }) {
    return constraintMet || (licence !== "" && this.terms.licences.has(pair(licence, this.purpose)));
  }

  // Whether it is a grant by somebody who may give one, however long ago.
  wasGrant(said) {
    const value = this.valueOf(said);
    const given = value === ALLOWED || (value === CONSTRAINED && this.isMet(said));
    const named =
      said.carrier !== CONTRACT ||
      (this.terms.contracts.get(said.source)?.purposes.has(this.purpose) ?? false);
    return given && named && mayGrant(said) && said.sound && said.issuedAt !== null;
  }

  isGrant(said) {
    return this.wasGrant(said) && said.issuedAt <= this.at && this.at < this.endOf(said);
  }

  // When a grant ends, or has to be read again.
  endOf({ expiresAt, issuedAt, observedAt }) {
    const end = expiresAt ?? issuedAt + this.terms.grantSeconds;
    return observedAt === null ? end : Math.min(end, observedAt + this.terms.evidenceSeconds);
  }

  // Whether what a constrained value asks for is there.
  isInEffect(said) {
    const { observedAt } = said;
    const fresh = observedAt === null || this.at < observedAt + this.terms.evidenceSeconds;
    return this.isMet(said) && (fresh || this.wasGrant(said));
  }

  namesAuthor(said) {
    const asked = this.terms.licences.get(pair(said.licence, this.purpose)) ?? false;
    return said.attribution || (this.valueOf(said) === CONSTRAINED && asked);
  }
}

const holds = (said, ...flags) => flags.every((flag) => said.proven.has(flag));
const mayGrant = (said) => holds(said, "contract") || holds(said, "signer", "control", "bound");
const isSigned = (said) => holds(said, "integrity", "bound");
const pair = (one, other) => JSON.stringify([one, other]);

// Who spoke, where a later word of theirs replaces this one.
function speakerOf(said) {
  const known = isSigned(said) && said.sound && said.issuedAt !== null && said.setter !== "";
  if (!known || said.carrier === CONTRACT) return null;
  return JSON.stringify([said.carrier, said.setter, said.onChain]);
}

function isBefore(one, other) {
  if (one.issuedAt !== other.issuedAt) return one.issuedAt < other.issuedAt;
  return one.sequence < other.sequence;
}

function reading(check, detail, work) {
  try {
    return work();
  } catch (error) {
    if (error instanceof Unreadable || error instanceof SyntaxError) {
      throw new CheckError(check, detail);
    }
    throw error;
  }
}

function load(text) {
  if (text === null || text.length > MAX_CHARACTERS || isDeep(text)) throw new Unreadable();
  JSON.parse(text); // is it JSON at all
  return takeObject(JSON.parse(hideFractions(text)));
}

// JSON with an empty list for every number that is not whole or not exact: 1.0 is not 1 here, and
// none of these numbers says anything about consent.
function hideFractions(text) {
  const parts = [];
  let kept = 0;
  let quoted = false;
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at];
    if (quoted) {
      if (character === "\\") at += 1;
      else if (character === '"') quoted = false;
    } else if (character === '"') quoted = true;
    else if (character === "-" || (character >= "0" && character <= "9")) {
      const start = at;
      while (at + 1 < text.length && "0123456789.eE+-".includes(text[at + 1])) at += 1;
      const number = text.slice(start, at + 1);
      if (/^-?[0-9]{1,17}$/.test(number) && Number.isSafeInteger(Number(number))) continue;
      parts.push(text.slice(kept, start), "[]");
      kept = at + 1;
    }
  }
  return parts.join("") + text.slice(kept);
}

function of(value, name) {
  if (!isObject(value) || !Object.hasOwn(value, name)) throw new Unreadable();
  return value[name];
}

function check(value, holds) {
  if (!holds) throw new Unreadable();
  return value;
}

const takeObject = (value) => check(value, isObject(value));
const takeList = (value) => check(value, Array.isArray(value));
const takeText = (value) => check(value, typeof value === "string");
const takeTexts = (value) => takeList(value).map(takeText);
const takeWhole = (value) => check(value, Number.isSafeInteger(value));
const takeTime = (value) => (value === null ? null : takeWhole(value));
