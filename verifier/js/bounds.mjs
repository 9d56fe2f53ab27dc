// How many entries to draw, and what the drawn ones say about all: plain binomial statistics.
// Shares come as whole numbers of 1/UNIT, and results that are compared or shown as exact fractions.

export const UNIT = 10n ** 9n;

const BITS = 256n;
const ONE = 1n << BITS;
const TIE = 10n ** 12n; // a power that meets the limit exactly must not become one more
const STEPS = 60;

/**
 * How many entries have to be drawn to see a violation, if there are too many, in all likelihood:
 * the least k with (1 - rate x uses / entries)^k <= 1 - confidence, at most all of them.
 */
export function countSample(entries, uses, rate, confidence) {
  const whole = UNIT * BigInt(entries);
  const sure = logarithm(UNIT - confidence, UNIT);
  const step = logarithm(whole - rate * BigInt(uses), whole);
  const least = ceil(sure * TIE - step, step * TIE);
  const most = BigInt(entries);
  return Number(least < 1n ? 1n : least > most ? most : least);
}

/**
 * The upper end of the one-sided interval of Clopper and Pearson: the share of violations at which
 * so few among so many drawn would be seen with a probability of 1 - confidence.
 */
export function boundShare(drawn, violations, confidence) {
  if (violations >= drawn) return 1;
  const ways = countWays(drawn, violations);
  let [low, high] = [violations / drawn, 1];
  for (let step = 0; step < STEPS; step += 1) {
    const middle = (low + high) / 2;
    if (atMost(ways, drawn, middle) > 1 - confidence) low = middle;
    else high = middle;
  }
  return high;
}

/** A number as an exact fraction. */
export function fractionOf(number) {
  let [over, under] = [number, 1n];
  for (; !Number.isInteger(over); over *= 2) under *= 2n;
  return [BigInt(over), under];
}

/** The least whole number that is not below a fraction of two numbers with the same sign. */
export function ceil(over, under) {
  const [high, low] = under < 0n ? [-over, -under] : [over, under];
  return high <= 0n ? high / low : (high + low - 1n) / low;
}

// The natural logarithm of a fraction between 0 and 1, in units of 1 / ONE: it is below 0.
function logarithm(over, under) {
  let halvings = 0n;
  for (; over * 2n < under; over *= 2n) halvings += 1n;
  return halvings * series(1n, 2n) + series(over, under);
}

// ln(x) = 2 artanh((x - 1) / (x + 1)), for x from 1/2 to 1.
function series(over, under) {
  const z = ((over - under) * ONE) / (over + under);
  const square = (z * z) / ONE;
  let sum = 0n;
  for (let [term, odd] = [z, 1n]; term !== 0n; odd += 2n) {
    sum += term / odd;
    term = (term * square) / ONE;
  }
  return 2n * sum;
}

// The logarithms of the numbers of ways to draw 0, 1, 2 ... violations, summed without drift.
function countWays(drawn, violations) {
  const ways = [0];
  let lost = 0;
  for (let n = 1; n <= violations; n += 1) {
    const step = Math.log((drawn - n + 1) / n) - lost;
    const sum = ways[n - 1] + step;
    lost = sum - ways[n - 1] - step;
    ways.push(sum);
  }
  return ways;
}

// The probability of so many violations or fewer.
function atMost(ways, drawn, share) {
  if (share <= 0) return 1;
  if (share >= 1) return 0;
  const [bad, good] = [Math.log(share), Math.log1p(-share)];
  let sum = 0;
  let lost = 0;
  ways.forEach((way, n) => {
    const term = Math.exp(way + n * bad + (drawn - n) * good) - lost;
    const next = sum + term;
    lost = next - sum - term;
    sum = next;
  });
  return sum;
}
