/**
 * Reads the tables of a Markdown page, so that tests compare a page of reference with the code.
 *
 * `reference_test.ts` calls this.
 *
 * @module
 */

/** A row of a table: the text of each cell by the head of its column. */
export type Row = Readonly<Record<string, string>>;

/**
 * The rows of all tables of a page whose first column has the given head.
 *
 * @param page The text of the page.
 * @param head The head of the first column.
 * @returns The rows, in order.
 */
export function rowsOf(page: string, head: string): Row[] {
  return tablesOf(page).flatMap(([heads = [], ...rows]) =>
    heads[0] === head
      ? rows.map((cells) => Object.fromEntries(heads.map((name, i) => [name, cells[i] ?? ""])))
      : []
  );
}

/** The first `inline code` of a cell. */
export function codeOf(cell: string | undefined): string {
  return /`([^`]*)`/.exec(cell ?? "")?.[1] ?? "";
}

/** The cells of each table; the line below the head is left out. */
function tablesOf(page: string): string[][][] {
  const blocks = page.match(/(?:^\|.*\|\n)+/gm) ?? [];
  return blocks.map((block) =>
    block.trim().split("\n").filter((line) => !/^\|[\s|:-]*\|$/.test(line)).map(cellsOf)
  );
}

function cellsOf(line: string): string[] {
  return line.slice(1, -1).split("|").map((cell) => cell.trim());
}
