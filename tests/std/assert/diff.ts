/**
 * A difference line by line: the longest common sequence of lines stays, and the other lines are
 * marked.
 */

/**
 * The largest number of comparisons. For longer texts, the two texts are shown one after the other.
 */
const MAX_CELLS = 4_000_000;

/**
 * Marks the lines that are only in `actual` with `-`, and the lines that are only in `expected`
 * with `+`.
 */
export function diffLines(actual: string, expected: string): string {
  const [left, right] = [actual.split("\n"), expected.split("\n")];
  if (left.length * right.length > MAX_CELLS) return [...removed(left), ...added(right)].join("\n");
  return walk(left, right, commonLengths(left, right)).join("\n");
}

/**
 * Gives `lengths[i][j]`: the number of lines that the texts after lines `i` and `j` have in common,
 * in order.
 */
function commonLengths(left: readonly string[], right: readonly string[]): Uint32Array[] {
  const rows = Array.from({ length: left.length + 1 }, () => new Uint32Array(right.length + 1));
  for (let i = left.length - 1; i >= 0; i--) {
    for (let j = right.length - 1; j >= 0; j--) {
      rows[i]![j] = left[i] === right[j]
        ? rows[i + 1]![j + 1]! + 1
        : Math.max(rows[i + 1]![j]!, rows[i]![j + 1]!);
    }
  }
  return rows;
}

function walk(
  left: readonly string[],
  right: readonly string[],
  lengths: readonly Uint32Array[],
): string[] {
  const lines: string[] = [];
  let [i, j] = [0, 0];
  while (i < left.length && j < right.length) {
    if (left[i] === right[j]) {
      lines.push(`    ${left[i]}`);
      [i, j] = [i + 1, j + 1];
    } else if (lengths[i + 1]![j]! >= lengths[i]![j + 1]!) lines.push(...removed([left[i++]!]));
    else lines.push(...added([right[j++]!]));
  }
  return [...lines, ...removed(left.slice(i)), ...added(right.slice(j))];
}

function removed(lines: readonly string[]): string[] {
  return lines.map((line) => `-   ${line}`);
}

function added(lines: readonly string[]): string[] {
  return lines.map((line) => `+   ${line}`);
}
