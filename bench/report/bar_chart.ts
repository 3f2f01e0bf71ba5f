/**
 * This file draws bars as SVG: panels of groups of horizontal bars on one axis, with a line at 1
 * and marks for aims.
 *
 * @module
 */

export interface Bar {
  readonly label: string;
  readonly value: number;
  /** The figure behind the value. */
  readonly note: string;
}

export interface BarGroup {
  readonly title: string;
  readonly bars: readonly Bar[];
  /** The value that the first bar should not exceed. */
  readonly aim?: number;
}

export interface BarPanel {
  readonly title: string;
  readonly groups: readonly BarGroup[];
}

export interface BarChart {
  readonly title: string;
  readonly axis: string;
  /** The label of the highlighted bars. */
  readonly first: string;
  readonly panels: readonly BarPanel[];
}

/** The longest bar. A longer bar is cut off; its number tells the value. */
const LONGEST = 2.5;
const TICKS = [0, 0.5, 1, 1.5, 2, 2.5];
const LEFT = 290;
const UNIT = 200;
const WIDTH = LEFT + LONGEST * UNIT + 230;
const TOP = 56;
const BAR = 14;
const GROUP_GAP = 8;
const PANEL_HEAD = 52;

const COLORS = {
  first: "#1f6feb",
  base: "#8c959f",
  aim: "#cf222e",
  text: "#1f2328",
  grid: "#d0d7de",
};

/** A white outline, so that lines behind a text do not run through it. */
const HALO = 'paint-order="stroke" stroke="#ffffff" stroke-width="3" stroke-linejoin="round"';

/** Draws the chart. */
export function barChart({ title, axis, first, panels }: BarChart): string {
  let y = TOP;
  const parts: string[] = [];
  for (const panel of panels) {
    const height = panelHeight(panel);
    parts.push(grid(y, height), ...panelParts(panel, y, first));
    y += height;
  }
  const height = y + 40;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" ` +
    `height="${height}" font-family="system-ui, sans-serif" font-size="11" fill="${COLORS.text}">`,
    `<rect width="${WIDTH}" height="${height}" fill="#ffffff"/>`,
    text(16, 24, title, 'font-size="16" font-weight="bold"'),
    text(16, 42, "| aim for " + first, `fill="${COLORS.aim}" font-weight="bold"`),
    ...parts,
    text(LEFT, height - 14, axis),
    "</svg>",
    "",
  ].join("\n");
}

function panelHeight({ groups }: BarPanel): number {
  const rows = groups.map(({ bars }) => bars.length * BAR + GROUP_GAP);
  return PANEL_HEAD + rows.reduce((sum, height) => sum + height, 0);
}

/** Lines and numbers of the axis, above the bars of a panel. */
function grid(top: number, height: number): string {
  return TICKS.map((tick) => {
    const x = LEFT + tick * UNIT;
    const stroke = tick === 1 ? `stroke="${COLORS.text}"` : `stroke="${COLORS.grid}"`;
    const line = `<line x1="${x}" x2="${x}" y1="${top + 38}" y2="${top + height - 6}" ${stroke}/>`;
    return line + text(x, top + 32, String(tick), 'text-anchor="middle"');
  }).join("\n");
}

function panelParts({ title, groups }: BarPanel, top: number, first: string): string[] {
  const parts = [text(16, top + 32, title, 'font-size="14" font-weight="bold"')];
  let y = top + PANEL_HEAD - 8;
  for (const group of groups) {
    parts.push(text(16, y + BAR - 4, group.title, 'font-weight="bold"'));
    for (const [index, bar] of group.bars.entries()) {
      parts.push(...barParts(bar, y + index * BAR, bar.label === first));
    }
    if (group.aim !== undefined) parts.push(aimMark(group.aim, y));
    y += group.bars.length * BAR + GROUP_GAP;
  }
  return parts;
}

function barParts({ label, value, note }: Bar, y: number, stands: boolean): string[] {
  const width = Math.min(value, LONGEST) * UNIT;
  const fill = stands ? COLORS.first : COLORS.base;
  const more = value > LONGEST ? " >" : "";
  return [
    text(LEFT - 6, y + BAR - 4, label, 'text-anchor="end"'),
    `<rect x="${LEFT}" y="${y}" width="${width.toFixed(1)}" height="${BAR - 3}" fill="${fill}"/>`,
    text(LEFT + width + 5, y + BAR - 4, `${value.toFixed(2)}${more} (${note})`, HALO),
  ];
}

/** The mark of an aim, on the first bar of a group. */
function aimMark(aim: number, y: number): string {
  const x = LEFT + Math.min(aim, LONGEST) * UNIT;
  return `<line x1="${x}" x2="${x}" y1="${y - 3}" y2="${y + BAR}" stroke="${COLORS.aim}" ` +
    `stroke-width="3"/>`;
}

function text(x: number, y: number, content: string, attributes = ""): string {
  const escaped = content.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
  return `<text x="${x.toFixed(1)}" y="${y}" ${attributes}>${escaped}</text>`;
}
